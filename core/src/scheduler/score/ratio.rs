//! Exact fractions, compared without rounding.

use std::cmp::Ordering;

/// `num / den`; `den` is above zero, both below 2^96.
#[derive(Clone, Copy, Debug)]
pub(in crate::scheduler) struct Ratio {
    /// Numerator.
    pub(in crate::scheduler) num: u128,
    /// Denominator.
    pub(in crate::scheduler) den: u128,
}

impl Ratio {
    /// Parts per million, rounded down.
    pub(in crate::scheduler) fn ppm(self) -> u64 {
        if let (Ok(num), Ok(den)) = (u64::try_from(self.num), u64::try_from(self.den))
            && let Some(scaled) = num.checked_mul(1_000_000)
        {
            return scaled / den;
        }
        // num < 2^96, so the product stays below 2^116.
        u64::try_from(self.num * 1_000_000 / self.den).unwrap_or(u64::MAX)
    }
}

/// Compares `a / b` with `c / d` where a product would not fit: by continued fractions.
fn by_parts(mut left: Ratio, mut right: Ratio) -> Ordering {
    let mut swapped = false;
    loop {
        let whole = (left.num / left.den).cmp(&(right.num / right.den));
        let rests = (left.num % left.den, right.num % right.den);
        let order = match (whole, rests) {
            (Ordering::Equal, (0, 0)) => Ordering::Equal,
            (Ordering::Equal, (0, _)) => Ordering::Less,
            (Ordering::Equal, (_, 0)) => Ordering::Greater,
            (Ordering::Equal, _) => {
                // r/b against s/d is d/s against b/r.
                (left, right) = (
                    Ratio {
                        num: left.den,
                        den: rests.0,
                    },
                    Ratio {
                        num: right.den,
                        den: rests.1,
                    },
                );
                swapped = !swapped;
                continue;
            }
            (order, _) => order,
        };
        return if swapped { order.reverse() } else { order };
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Ratio) -> Ordering {
        if self.den == other.den {
            return self.num.cmp(&other.num);
        }
        match (
            self.num.checked_mul(other.den),
            other.num.checked_mul(self.den),
        ) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => by_parts(*self, *other),
        }
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Ratio) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Ratio) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ratio {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn fractions_compare_like_their_products(a in 0u128..1 << 60, b in 1u128..1 << 60, c in 0u128..1 << 60, d in 1u128..1 << 60) {
            let (left, right) = (Ratio { num: a, den: b }, Ratio { num: c, den: d });
            prop_assert_eq!(left.cmp(&right), (a * d).cmp(&(c * b)));
            prop_assert_eq!(by_parts(left, right), (a * d).cmp(&(c * b)));
        }

        #[test]
        fn equal_fractions_are_equal_at_any_size(a in 0u128..1 << 40, b in 1u128..1 << 40, k in 1u128..1 << 54) {
            let (left, right) = (Ratio { num: a, den: b }, Ratio { num: a * k, den: b * k });
            prop_assert_eq!(left, right);
            prop_assert_eq!(by_parts(left, right), Ordering::Equal);
            prop_assert_eq!(left.ppm(), right.ppm());
        }
    }
}
