//! The thread of the actors.

use tokio::sync::oneshot;

use super::Stopped;
use crate::runtime;
use crate::shell::conductor::{Conductor, Fatal, Parts};
use crate::shell::standing::Pulse;

/// Actors that run.
pub(super) struct Actors {
    pub(super) pulse: Pulse,
    /// The end of the conductor, and why.
    pub(super) ended: oneshot::Receiver<Result<(), Fatal>>,
    thread: runtime::Thread<()>,
}

impl Actors {
    /// Restores the machines and starts shells and conductor on a thread of their own.
    pub(super) async fn start(parts: Parts) -> Result<Actors, Stopped> {
        let (tell, told) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let thread = runtime::thread("actors", move || {
            actix::System::new().block_on(async move {
                let running = match Conductor::start(parts).await {
                    Ok(running) => running,
                    Err(error) => {
                        // whoever started this waits for it
                        let _ = tell.send(Err(Stopped::from(error)));
                        return;
                    }
                };
                // as above
                let _ = tell.send(Ok(running.pulse));
                let gone = || Err(Fatal::Broken("the conductor is gone".to_owned()));
                let over = running.ended.await.unwrap_or_else(|_| gone());
                // whoever waited may have given up
                let _ = end.send(over);
            });
        });
        let thread = thread.map_err(Stopped::failed)?;
        let started = told
            .await
            .map_err(|_| Stopped::failed("the actors did not start"))?;
        Ok(Actors {
            pulse: started?,
            ended,
            thread,
        })
    }

    /// Waits for the end of the thread, which follows that of the conductor.
    pub(super) async fn join(self) {
        // a panic of the thread was reported where it happened
        let _ = runtime::blocking(move || self.thread.join().is_ok()).await;
    }
}
