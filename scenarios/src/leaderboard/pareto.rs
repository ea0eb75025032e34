//! The Pareto front: what no other beats in both quality and cost.

/// Places of the points on the front, cheapest first. A point is `(quality, cost)`: more quality
/// is better, less cost is better; of equal points all are on the front.
pub fn front(points: &[(f64, f64)]) -> Vec<usize> {
    let beats = |a: (f64, f64), b: (f64, f64)| a.0 >= b.0 && a.1 <= b.1 && (a.0 > b.0 || a.1 < b.1);
    let mut front: Vec<usize> = (0..points.len())
        .filter(|&k| !points.iter().any(|other| beats(*other, points[k])))
        .collect();
    front.sort_by(|&a, &b| points[a].1.total_cmp(&points[b].1));
    front
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_beaten_in_both_is_not_on_the_front() {
        let points = [(0.9, 10.0), (0.5, 1.0), (0.8, 12.0), (0.7, 5.0), (0.5, 2.0)];
        assert_eq!(front(&points), [1, 3, 0]);
    }

    proptest! {
        #[test]
        fn quality_rises_with_cost_along_the_front(points in prop::collection::vec((0.0..1.0_f64, 0.0..9.0_f64), 1..20)) {
            let front = front(&points);
            prop_assert!(!front.is_empty());
            for pair in front.windows(2) {
                prop_assert!(points[pair[0]].0 <= points[pair[1]].0);
            }
        }
    }
}
