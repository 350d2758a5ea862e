//! Fewer points, the same picture: deterministic, and no peak is lost.

/// At most `limit` points (at least 4): of each of `limit / 2` equal stretches of the list the least and the
/// largest value, in order of time; the first and the last point stay.
pub(super) fn extremes(points: &[(i64, i128)], limit: usize) -> Vec<(i64, i128)> {
    let limit = limit.max(4);
    if points.len() <= limit {
        return points.to_vec();
    }
    let (first, last) = (points[0], points[points.len() - 1]);
    let inner = &points[1..points.len() - 1];
    let buckets = (limit - 2) / 2;
    let mut kept = vec![first];
    for bucket in (0..buckets).map(|i| stretch(inner, i, buckets)) {
        let least = (0..bucket.len()).min_by_key(|&i| bucket[i].1);
        let largest = (0..bucket.len()).rev().max_by_key(|&i| bucket[i].1);
        let (Some(a), Some(b)) = (least, largest) else {
            continue;
        };
        kept.push(bucket[a.min(b)]);
        if a != b {
            kept.push(bucket[a.max(b)]);
        }
    }
    kept.push(last);
    kept
}

/// The `i`-th of `of` stretches of a list, as equal as can be.
pub(super) fn stretch<T>(list: &[T], i: usize, of: usize) -> &[T] {
    let at = |i: usize| i * list.len() / of.max(1);
    &list[at(i)..at(i + 1)]
}

/// Indices of at most `limit` of `len` rows, evenly apart, the first and the last among them.
pub(super) fn every(len: usize, limit: usize) -> Vec<usize> {
    if len <= limit || limit < 2 {
        return (0..len.min(limit.max(1))).collect();
    }
    (0..limit).map(|i| i * (len - 1) / (limit - 1)).collect()
}

/// The value that holds at each of `columns` equal stretches of time from `from` to `to`: the largest that held
/// in it; `None` before the first point.
pub(super) fn columns(
    points: &[(i64, i128)],
    from: i64,
    to: i64,
    columns: usize,
) -> Vec<Option<i128>> {
    let span = i128::from(to) - i128::from(from);
    let count = i128::try_from(columns.max(1)).unwrap_or(1);
    let mut next = 0;
    let mut held = None;
    (0..columns)
        .map(|column| {
            let end = i128::try_from(column + 1).unwrap_or(count) * span / count + i128::from(from);
            let last = column + 1 == columns;
            let mut most: Option<i128> = held;
            while let Some(&(at, value)) = points.get(next) {
                let at = i128::from(at);
                if at > end || (at == end && !last) {
                    break;
                }
                most = Some(most.map_or(value, |most| most.max(value)));
                held = Some(value);
                next += 1;
            }
            most
        })
        .collect()
}
