//! The best of an agent's own actions.

use rounds_environments::coordination::Class;

/// The action of the largest marginal, the lowest of equal ones. Where marginals may be negative,
/// no action counts as one with marginal 0.
///
/// # Source
/// MA-OC card, section 7; that greedy methods would rather do nothing than harm is inferred.
pub fn best_action(class: Class, marginals: &[f64]) -> Option<u32> {
    let mut best = None;
    let mut value = match class.is_monotone() {
        true => f64::NEG_INFINITY,
        false => 0.0,
    };
    for (action, &marginal) in marginals.iter().enumerate() {
        if marginal > value {
            (best, value) = (Some(action as u32), marginal);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_lowest_and_harm_to_nobody() {
        assert_eq!(best_action(Class::Submodular, &[1.0, 2.0, 2.0]), Some(1));
        assert_eq!(best_action(Class::Monotone, &[0.0, 0.0]), Some(0));
        assert_eq!(best_action(Class::Any, &[-1.0, -2.0]), None);
    }
}
