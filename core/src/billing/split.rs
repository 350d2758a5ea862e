//! Shares of a whole by the method of largest remainders: they add up to the whole, to the last unit.

/// `a × b / c` and its remainder, for 0 ≤ a, b and 0 < c < 2^127, without losing bits of the product.
/// `None` if the quotient does not fit.
fn mul_div(a: u128, b: u128, c: u128) -> Option<(u128, u128)> {
    if let Some(product) = a.checked_mul(b) {
        return Some((product / c, product % c));
    }
    let (step, rest) = (b / c, b % c);
    let mut quotient: u128 = 0;
    let mut remainder: u128 = 0;
    for bit in (0..128 - a.leading_zeros()).rev() {
        quotient = quotient.checked_mul(2)?;
        remainder *= 2;
        if a >> bit & 1 == 1 {
            quotient = quotient.checked_add(step)?;
            // Both are below c < 2^127, so that three of them may pass c twice.
            if remainder >= c {
                remainder -= c;
                quotient = quotient.checked_add(1)?;
            }
            remainder += rest;
        }
        if remainder >= c {
            remainder -= c;
            quotient = quotient.checked_add(1)?;
        }
    }
    Some((quotient, remainder))
}

/// Splits `whole` in proportion to `weights`; what rounding leaves goes to the largest remainders, the
/// first of equal ones. No share is above its weight if the whole is not above their sum.
/// `None` if a number is negative, a sum does not fit, or all weights are zero and the whole is not.
#[must_use]
pub fn split(whole: i128, weights: &[i128]) -> Option<Vec<i128>> {
    let sum = weights
        .iter()
        .try_fold(0i128, |sum, &weight| sum.checked_add(weight))?;
    if weights.iter().any(|&weight| weight < 0) || whole < 0 {
        return None;
    }
    if whole == sum {
        return Some(weights.to_vec());
    }
    if sum == 0 {
        return None;
    }
    let parts: Vec<(u128, u128)> = weights
        .iter()
        .map(|w| mul_div(whole.unsigned_abs(), w.unsigned_abs(), sum.unsigned_abs()))
        .collect::<Option<_>>()?;
    let mut shares: Vec<i128> = parts
        .iter()
        .map(|&(share, _)| i128::try_from(share).ok())
        .collect::<Option<_>>()?;
    let given = shares
        .iter()
        .try_fold(0i128, |sum, &share| sum.checked_add(share))?;
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(parts[index].1));
    let left = usize::try_from(whole - given).ok()?;
    for index in order.into_iter().take(left) {
        shares[index] += 1;
    }
    Some(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_rounding_leaves_goes_to_the_largest_remainders() {
        assert_eq!(split(100, &[1, 1, 1]), Some(vec![34, 33, 33]));
        assert_eq!(split(10, &[6, 3, 2]), Some(vec![5, 3, 2]));
        assert_eq!(split(0, &[0, 0]), Some(vec![0, 0]));
        assert_eq!(split(1, &[0]), None);
        assert_eq!(split(-1, &[1]), None);
    }

    proptest! {
        #[test]
        fn shares_add_up_and_none_is_above_its_weight(
            weights in proptest::collection::vec(0i128..(1 << 100), 1..20),
            part in 0u64..=1_000_000,
        ) {
            let sum: i128 = weights.iter().sum();
            prop_assume!(sum > 0);
            let whole = sum / 1_000_000 * i128::from(part);
            let shares = split(whole, &weights).unwrap();
            prop_assert_eq!(shares.iter().sum::<i128>(), whole);
            for (share, weight) in shares.iter().zip(&weights) {
                prop_assert!(share <= weight);
            }
        }

        #[test]
        fn a_wide_product_is_divided_as_a_narrow_one(a: u64, b: u64, c in 1u64.., shift in 0u32..62) {
            let (a, b, c) = (u128::from(a), u128::from(b), u128::from(c));
            let (quotient, remainder) = (a * b / c, a * b % c);
            let wide = mul_div(a << shift, b, c << shift);
            prop_assert_eq!(wide, Some((quotient, remainder << shift)));
        }
    }
}
