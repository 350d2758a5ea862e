//! How long a count stood at each level: percentiles of node counts, exact and weighted by time.

use nimbus_core::time::Time;

/// Time by level.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    micros: Vec<u64>,
    level: usize,
    since: Option<Time>,
}

impl Levels {
    /// The level from `now` on.
    pub fn set(&mut self, now: Time, level: u32) {
        let level = level as usize;
        if self.since.is_some() && level == self.level {
            return;
        }
        self.close(now);
        self.level = level;
    }

    /// Counts the present level up to `now`.
    pub fn close(&mut self, now: Time) {
        if let Some(since) = self.since {
            if self.micros.len() <= self.level {
                self.micros.resize(self.level + 1, 0);
            }
            self.micros[self.level] += now.since(since).0.unsigned_abs();
        }
        self.since = Some(now);
    }

    /// The least level that was not exceeded for `percent` of the time.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> u32 {
        let total: u128 = self.micros.iter().map(|&time| u128::from(time)).sum();
        let mut below = 0u128;
        for (level, &time) in self.micros.iter().enumerate() {
            below += u128::from(time);
            if below * 100 >= total * u128::from(percent) && below > 0 {
                return u32::try_from(level).unwrap_or(u32::MAX);
            }
        }
        u32::try_from(self.level).unwrap_or(u32::MAX)
    }

    /// The highest level that stood for any time.
    #[must_use]
    pub fn peak(&self) -> u32 {
        let peak = self
            .micros
            .iter()
            .rposition(|&time| time > 0)
            .unwrap_or(self.level);
        u32::try_from(peak).unwrap_or(u32::MAX)
    }

    /// Sum of level × time in microseconds.
    #[must_use]
    pub fn integral(&self) -> u128 {
        (0u128..)
            .zip(&self.micros)
            .map(|(level, &time)| level * u128::from(time))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_weighted_by_time() {
        let mut levels = Levels::default();
        for (at, level) in [(0, 2), (90, 10), (95, 3), (95, 50), (95, 4)] {
            levels.set(Time(at), level);
        }
        levels.close(Time(100));
        let found = (
            levels.percentile(50),
            levels.percentile(95),
            levels.peak(),
            levels.integral(),
        );
        assert_eq!(found, (2, 4, 10, 180 + 50 + 20));
    }
}
