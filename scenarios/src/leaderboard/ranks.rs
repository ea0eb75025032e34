//! Ranks that cannot be told apart.

/// For each of `n` entries the best and the worst rank it may have, from 1: behind all that are
/// significantly better, ahead of all that are significantly worse. `better` holds pairs of the
/// better and the worse entry, after correction for all pairs.
pub fn rank_ranges(n: usize, better: &[(usize, usize)]) -> Vec<[usize; 2]> {
    let mut ranges = vec![[1, n]; n];
    for &(winner, loser) in better {
        ranges[loser][0] += 1;
        ranges[winner][1] -= 1;
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::rank_ranges;

    #[test]
    fn ranges_follow_from_what_is_told_apart() {
        assert_eq!(rank_ranges(3, &[]), [[1, 3]; 3]);
        let told = rank_ranges(3, &[(0, 2), (1, 2)]);
        assert_eq!(told, [[1, 2], [1, 2], [3, 3]]);
        assert_eq!(rank_ranges(2, &[(1, 0)]), [[2, 2], [1, 1]]);
    }
}
