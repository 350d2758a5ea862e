//! The one actor of Nimbus: a mailbox and a catch around any machine of core.
//!
//! Guarantees: inputs are handled in the order given; a panic costs its group, never the actor (F-1).
//! Never: decides, stores or sends anything; the effects go back to the conductor.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use actix::{Actor, Context, Handler, Message, MessageResult};
use nimbus_core::machine::{Address, Effect, Machine, Outbox};
use nimbus_core::time::Time;

/// An actor around a machine.
#[derive(Debug)]
pub struct Shell<M> {
    address: Address,
    machine: M,
    /// It panicked and may hold half a change: nothing is handled before it is replaced.
    poisoned: Option<Poisoned>,
    observed: Observed,
    #[cfg(test)]
    trap: Option<Trap>,
}

/// Makes a machine panic on an input that holds this text; for tests of what a panic costs.
#[cfg(test)]
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Trap(pub(crate) Arc<str>);

/// What one input led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The effects, in order.
    pub effects: Vec<Effect>,
    /// How many values the address has drawn in this group by now.
    pub drawn: u32,
}

impl Step {
    /// Nothing happened.
    #[must_use]
    pub const fn none() -> Step {
        Step {
            effects: Vec::new(),
            drawn: 0,
        }
    }
}

/// Handling an input panicked, with these words. The machine must be replaced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("handling it panicked: {0}")]
pub struct Poisoned(pub Arc<str>);

/// The share of one batch that is meant for this machine. Answered with one result for each input, up to
/// and with the first that panicked.
#[derive(Debug, Message)]
#[rtype(result = "Vec<Result<Step, Poisoned>>")]
pub struct Deliver<I> {
    /// Now.
    pub now: Time,
    /// The group's seed.
    pub seed: u128,
    /// How many values the address has drawn in this group so far.
    pub drawn: u32,
    /// The inputs, in order.
    pub inputs: Vec<I>,
}

/// Another machine in the place of the present one, after a panic or an undone group.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Replace<M>(pub M);

/// Another machine for the present one, which is given out.
#[derive(Debug)]
pub struct Exchange<M>(pub M);

impl<M: 'static> Message for Exchange<M> {
    type Result = M;
}

/// Answered by a shell that lives.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Observed")]
pub struct Ping;

/// Reads the machine between two batches.
#[derive(Message)]
#[rtype(result = "R")]
pub struct Look<M: 'static, R: 'static>(pub Box<dyn FnOnce(&M) -> R + Send>);

/// What can be seen of a shell from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Inputs handled since the process started.
    pub handled: u64,
    /// Inputs that panicked.
    pub faults: u64,
    /// How often the machine was replaced.
    pub restarts: u64,
    /// Machine time of the last input.
    pub last: Option<Time>,
}

impl<M> Shell<M> {
    /// A shell around the machine of this address.
    #[must_use]
    pub fn new(address: Address, machine: M) -> Shell<M> {
        Shell {
            address,
            machine,
            poisoned: None,
            observed: Observed::default(),
            #[cfg(test)]
            trap: None,
        }
    }
}

impl<M: Machine> Shell<M>
where
    M::Input: std::fmt::Debug,
{
    fn share(&mut self, batch: Deliver<M::Input>) -> Vec<Result<Step, Poisoned>> {
        let mut out = Outbox::default();
        let mut drawn = batch.drawn;
        let mut steps = Vec::with_capacity(batch.inputs.len());
        for input in batch.inputs {
            out.begin(batch.seed, self.address, drawn);
            let step = self.step(batch.now, input, &mut out);
            drawn = out.drawn();
            let broken = step.is_err();
            steps.push(step);
            if broken {
                break;
            }
        }
        steps
    }

    fn step(&mut self, now: Time, input: M::Input, out: &mut Outbox) -> Result<Step, Poisoned> {
        if let Some(poisoned) = &self.poisoned {
            return Err(poisoned.clone());
        }
        self.observed.last = Some(now);
        let handled = catch_unwind(AssertUnwindSafe(|| {
            #[cfg(test)]
            self.spring(&input);
            self.machine.handle(now, input, out);
        }));
        match handled {
            Ok(()) => {
                self.observed.handled += 1;
                let drawn = out.drawn();
                let effects = out.take();
                Ok(Step { effects, drawn })
            }
            Err(payload) => {
                self.observed.faults += 1;
                let poisoned = Poisoned(words(payload.as_ref()).into());
                self.poisoned = Some(poisoned.clone());
                Err(poisoned)
            }
        }
    }

    #[cfg(test)]
    fn spring(&self, input: &M::Input) {
        if let Some(Trap(text)) = &self.trap {
            assert!(!format!("{input:?}").contains(&**text), "a planted panic");
        }
    }
}

/// What a panic said.
fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("no message").chars().take(1_000).collect()
}

impl<M: Unpin + 'static> Actor for Shell<M> {
    type Context = Context<Self>;
}

impl<M> Handler<Deliver<M::Input>> for Shell<M>
where
    M: Machine + Unpin + 'static,
    M::Input: std::fmt::Debug + 'static,
{
    type Result = MessageResult<Deliver<M::Input>>;

    fn handle(&mut self, batch: Deliver<M::Input>, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.share(batch))
    }
}

impl<M: Unpin + 'static> Handler<Replace<M>> for Shell<M> {
    type Result = ();

    fn handle(&mut self, Replace(machine): Replace<M>, _: &mut Context<Self>) {
        self.machine = machine;
        self.poisoned = None;
        self.observed.restarts += 1;
    }
}

impl<M: Unpin + 'static> Handler<Exchange<M>> for Shell<M> {
    type Result = MessageResult<Exchange<M>>;

    fn handle(&mut self, other: Exchange<M>, _: &mut Context<Self>) -> Self::Result {
        MessageResult(std::mem::replace(&mut self.machine, other.0))
    }
}

impl<M: Unpin + 'static> Handler<Ping> for Shell<M> {
    type Result = MessageResult<Ping>;

    fn handle(&mut self, _: Ping, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.observed)
    }
}

impl<M: Unpin + 'static, R: 'static> Handler<Look<M, R>> for Shell<M> {
    type Result = MessageResult<Look<M, R>>;

    fn handle(&mut self, Look(look): Look<M, R>, _: &mut Context<Self>) -> Self::Result {
        MessageResult(look(&self.machine))
    }
}

#[cfg(test)]
impl<M: Unpin + 'static> Handler<Trap> for Shell<M> {
    type Result = ();

    fn handle(&mut self, trap: Trap, _: &mut Context<Self>) {
        self.trap = Some(trap);
    }
}
