//! Random counts per interval: a Poisson distribution, each interval independent of all others.

use nimbus_core::rng;
use nimbus_core::time::Span;

/// Above this mean the normal approximation serves: its error is below what a thousandth of a rate shows.
const NORMAL_FROM: f64 = 200.0;

/// Uniform draws of one interval.
struct Uniform {
    key: u128,
    drawn: u32,
}

impl Uniform {
    /// Between 0 and 1, neither included.
    fn next(&mut self) -> f64 {
        self.drawn += 1;
        let bits = rng::draw(self.key, 0, self.drawn) >> 75;
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
        let share = (bits as f64 + 0.5) / (1u64 << 53) as f64;
        share
    }
}

/// The rate in an interval, in thousandths of a request per second: a count with the mean
/// `rate × interval`, over the interval.
pub(super) fn rate(key: u128, index: u64, rate: u64, interval: Span) -> u64 {
    let micros = interval.0.max(1);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a mean; libm rounds alike everywhere"
    )]
    let mean = rate as f64 * micros as f64 / 1e9;
    let mut uniform = Uniform {
        key: key ^ u128::from(index).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
        drawn: 0,
    };
    let count = if mean < NORMAL_FROM {
        knuth(mean, &mut uniform)
    } else {
        normal(mean, &mut uniform)
    };
    let rate = u128::from(count) * 1_000_000_000 / u128::from(micros.unsigned_abs());
    u64::try_from(rate).unwrap_or(u64::MAX)
}

/// Knuth, The Art of Computer Programming, volume 2, 3.4.1, algorithm Q: as many uniform factors as it
/// takes to fall below e^−mean.
fn knuth(mean: f64, uniform: &mut Uniform) -> u64 {
    let limit = libm::exp(-mean);
    let mut product = uniform.next();
    let mut count = 0;
    while product > limit && count < 10_000 {
        product *= uniform.next();
        count += 1;
    }
    count
}

/// Box–Muller, rounded, at least zero.
fn normal(mean: f64, uniform: &mut Uniform) -> u64 {
    let radius = libm::sqrt(-2.0 * libm::log(uniform.next()));
    let angle = std::f64::consts::TAU * uniform.next();
    let value = libm::round(mean + libm::sqrt(mean) * radius * libm::cos(angle));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative; saturates"
    )]
    let count = value.max(0.0) as u64;
    count
}
