use proptest::prelude::*;

use super::*;

fn yes(e: u32) -> (FindingIx, Option<bool>) {
    (FindingIx(e), Some(true))
}

#[test]
fn one_finding_of_two_conditions_gains_one_minus_its_entropy() {
    for eps in [0.005, 0.1, 0.3, 0.5] {
        let scope = Scope::from_table(&[0.5, 0.5], &[vec![1.0 - eps], vec![eps]], &[1.0]).unwrap();
        let prior = scope.posterior([]);
        let gain = scope.gain(&prior, FindingIx(0)).unwrap();
        assert!((gain - (1.0 - binary_entropy(eps))).abs() < 1e-12, "{eps}");
        let after = scope.posterior([yes(0)]);
        assert!((after[0] - (1.0 - eps)).abs() < 1e-12);
    }
}

#[test]
fn a_finding_equally_likely_everywhere_says_nothing() {
    let scope =
        Scope::from_table(&[0.2, 0.3, 0.5], &[vec![0.7], vec![0.7], vec![0.7]], &[1.0]).unwrap();
    let prior = scope.posterior([]);
    assert!(scope.gain(&prior, FindingIx(0)).unwrap() < 1e-12);
    for (a, b) in prior.iter().zip(scope.posterior([yes(0)])) {
        assert!((a - b).abs() < 1e-12);
    }
}

#[test]
fn three_findings_that_index_eight_conditions_are_asked_once_each() {
    let bit = |d: usize, e: usize| if d >> e & 1 == 1 { 0.995 } else { 0.005 };
    let theta: Vec<Vec<f64>> = (0..8)
        .map(|d| (0..3).map(|e| bit(d, e)).collect())
        .collect();
    let scope = Scope::from_table(&[1.0; 8], &theta, &[1.0; 3]).unwrap();
    assert!((entropy_bits(&scope.posterior([])) - 3.0).abs() < 1e-12);
    for truth in 0..8 {
        let mut answers = Vec::new();
        let mut closed = [false; 3];
        loop {
            let b = scope.posterior(answers.iter().copied());
            if b.iter().any(|&p| p >= 0.95) {
                assert!(b[truth] > 0.98);
                break;
            }
            let (e, _) = scope.best_question(&b, &closed, Objective::Gain).unwrap();
            closed[e.index()] = true;
            answers.push((e, Some(truth >> e.index() & 1 == 1)));
        }
        assert_eq!(answers.len(), 3);
    }
}

#[test]
fn wrong_tables_are_refused_with_their_numbers() {
    let shape = Scope::from_table(&[1.0], &[vec![0.5, 0.5]], &[1.0]).unwrap_err();
    assert_eq!(
        shape.to_string(),
        "findings of theta: expected 1 values, got 2"
    );
    for p in [0.0, 1.0, f64::NAN] {
        assert!(matches!(
            Scope::from_table(&[1.0], &[vec![p]], &[1.0]),
            Err(ScopeError::Range { what: "theta", .. })
        ));
    }
}

#[test]
fn findings_outside_the_scope_say_nothing() {
    let scope = Scope::from_table(&[0.4, 0.6], &[vec![0.1], vec![0.9]], &[1.0]).unwrap();
    assert_eq!(scope.posterior([yes(u32::MAX)]), scope.posterior([]));
    assert_eq!(scope.gain(&[0.4, 0.6], FindingIx(1)), None);
}

fn model() -> impl Strategy<Value = (Vec<f64>, Vec<Vec<f64>>, Vec<Option<bool>>)> {
    (1_usize..9, 1_usize..9).prop_flat_map(|(k, e)| {
        (
            proptest::collection::vec(0.01_f64..1.0, k),
            proptest::collection::vec(proptest::collection::vec(0.005_f64..0.995, e), k),
            proptest::collection::vec(any::<Option<bool>>(), e),
        )
    })
}

proptest! {
    #[test]
    fn the_order_of_answers_does_not_matter((prior, theta, answers) in model()) {
        let scope = Scope::from_table(&prior, &theta, &vec![1.0; answers.len()]).unwrap();
        let list: Vec<_> = answers
            .iter()
            .enumerate()
            .map(|(e, &a)| (FindingIx(e as u32), a))
            .collect();
        let forth = scope.posterior(list.iter().copied());
        let back = scope.posterior(list.iter().rev().copied());
        prop_assert!((forth.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        for (a, b) in forth.iter().zip(&back) {
            prop_assert!((a - b).abs() < 1e-12);
        }
    }

    #[test]
    fn the_gain_is_the_expected_fall_of_entropy((prior, theta, answers) in model()) {
        let scope = Scope::from_table(&prior, &theta, &vec![1.0; answers.len()]).unwrap();
        let list: Vec<_> = answers
            .iter()
            .enumerate()
            .skip(1)
            .map(|(e, &a)| (FindingIx(e as u32), a))
            .collect();
        let b = scope.posterior(list.iter().copied());
        let h = entropy_bits(&b);
        let gain = scope.gain(&b, FindingIx(0)).unwrap();
        prop_assert!(gain >= 0.0 && gain <= h.min(1.0) + 1e-12);
        let p = scope.p_yes(&b, FindingIx(0)).unwrap();
        let after = |present| {
            let more = list.iter().copied().chain([(FindingIx(0), Some(present))]);
            entropy_bits(&scope.posterior(more))
        };
        let expected = p * after(true) + (1.0 - p) * after(false);
        prop_assert!((expected - (h - gain)).abs() < 1e-9);
    }
}

proptest! {
    #[test]
    fn the_entropy_bound_is_above_and_close(p in 0.0..=1.0_f64) {
        let excess = entropy_bound(p) - binary_entropy(p);
        prop_assert!(excess > 0.0 && excess < 0.004, "{excess}");
    }

    #[test]
    fn the_best_question_is_the_first_of_the_greatest_gain(
        theta in prop::collection::vec(prop::collection::vec(0.01..0.99_f64, 12), 5),
        cost in prop::collection::vec(0.5..3.0_f64, 12),
        closed in prop::collection::vec(any::<bool>(), 12),
        least in 0.0..0.5_f64,
    ) {
        let scope = Scope::from_table(&[0.1, 0.2, 0.3, 0.25, 0.15], &theta, &cost).unwrap();
        let posterior = scope.posterior([yes(0)]);
        let mut gains = Vec::new();
        scope.gains(&posterior, &mut gains);
        for objective in [Objective::Gain, Objective::GainPerCost] {
            let value = |e: usize| match objective {
                Objective::Gain => gains[e],
                Objective::GainPerCost => gains[e] / cost[e],
            };
            let plain = (0..12)
                .filter(|&e| !closed[e])
                .reduce(|best, e| if value(e) > value(best) { e } else { best })
                .map(|e| (FindingIx(e as u32), gains[e]));
            prop_assert_eq!(scope.best_question(&posterior, &closed, objective), plain);
        }
        let plain = (0..12).any(|e| !closed[e] && gains[e] >= least);
        prop_assert_eq!(scope.any_gain(&posterior, &closed, |gain| gain >= least), plain);
    }
}
