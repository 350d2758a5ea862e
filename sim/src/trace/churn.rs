//! Pods that come and go at random, generated: a steady state of a given size.
//!
//! Arrivals are Poisson, lifetimes exponential. The initial pods arrive evenly over the fill; since the
//! exponential distribution has no memory, theirs is the same one.

use nimbus_core::rng::{self, Stream};
use nimbus_core::time::{Span, Time};
use rand::Rng;

use super::Arrival;
use crate::scenario::Churn;

/// Shortest lifetime and gap: a microsecond would make two events of one.
const LEAST: Span = Span::from_millis(1);

/// The arrivals of a churn, without end.
#[derive(Debug)]
pub struct Pods {
    stream: Stream,
    start: Time,
    initial: u64,
    fill: Span,
    gap: Option<f64>,
    lifetime: f64,
    tenants: u32,
    /// Running sums of the weights.
    weights: Vec<u32>,
    made: u64,
    clock: Time,
}

impl Pods {
    /// The churn of this name.
    #[must_use]
    pub fn new(churn: &Churn, start: Time, seed: u64, name: &str) -> Pods {
        let mut sum = 0u32;
        let weights = churn.shapes.iter().map(|shape| {
            sum = sum.saturating_add(shape.weight);
            sum
        });
        #[expect(
            clippy::cast_precision_loss,
            reason = "means; libm rounds alike everywhere"
        )]
        let (gap, lifetime) = (1e9 / churn.rate as f64, churn.lifetime.0 as f64);
        Pods {
            stream: rng::stream(u128::from(seed), "churn", name),
            start,
            initial: churn.initial,
            fill: churn.fill,
            gap: (churn.rate > 0).then_some(gap),
            lifetime,
            tenants: u32::try_from(churn.tenants.len())
                .unwrap_or(u32::MAX)
                .max(1),
            weights: weights.collect(),
            made: 0,
            clock: start + churn.fill,
        }
    }

    /// A draw of the exponential distribution with this mean in microseconds.
    fn exponential(&mut self, mean: f64) -> Span {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
        let uniform = ((self.stream.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        let micros = libm::round(-libm::log(uniform) * mean) as i64;
        Span(micros).max(LEAST)
    }

    fn below(&mut self, bound: u32) -> u32 {
        let wide = u64::from(self.stream.next_u32()) * u64::from(bound);
        u32::try_from(wide >> 32).unwrap_or(0)
    }

    fn shape(&mut self) -> u8 {
        let sum = self.weights.last().copied().unwrap_or(1).max(1);
        let drawn = self.below(sum);
        let place = self.weights.partition_point(|weight| *weight <= drawn);
        u8::try_from(place).unwrap_or(0)
    }

    fn arrive(&mut self) -> Option<Time> {
        if self.made < self.initial {
            let part = i128::from(self.fill.0) * i128::from(self.made) / i128::from(self.initial);
            return Some(self.start + Span(i64::try_from(part).unwrap_or(self.fill.0)));
        }
        let gap = self.gap?;
        let gap = self.exponential(gap);
        self.clock += gap;
        Some(self.clock)
    }
}

impl Iterator for Pods {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let at = self.arrive()?;
        self.made += 1;
        let lifetime = self.lifetime;
        Some(Arrival {
            at,
            tenant_index: self.below(self.tenants),
            flavor: self.shape(),
            lifetime: Some(self.exponential(lifetime)),
            count: 1,
        })
    }
}
