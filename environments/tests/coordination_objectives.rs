//! Set functions, their structure and what follows from it.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use std::sync::Arc;

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rounds_environments::coordination::objectives::{
    Criterion, Detection, FacilityLocation, Information, Symmetric, TableObjective, TableSpec,
    WeightedCoverage,
};
use rounds_environments::coordination::structure::{Condition, Promise, Structure, optimum};
use rounds_environments::coordination::{Class, Ground, Objective};
use rounds_environments::streams::Stream;

/// One function of each kind, each over elements in the order of `order`: element `e` has what
/// element `order[e]` has where they stand in order.
fn functions(seed: u64, ground: &Arc<Ground>, order: &[usize]) -> Vec<Box<dyn Objective>> {
    let n = ground.len();
    let mut stream = Stream::seed_from_u64(seed);
    let mut draw = |least: f64, most: f64| stream.random_range(least..most);
    let targets = 5;
    let mut values = vec![Vec::new(); n];
    let mut hits = vec![Vec::new(); n];
    let mut covers = vec![Vec::new(); n];
    let mut information = vec![Vec::new(); n];
    for e in 0..n {
        for j in 0..targets {
            // Some ties.
            values[e].push(draw(0.0, 8.0).floor() / 4.0);
            if draw(0.0, 1.0) < 0.5 {
                covers[e].push(j);
                // Some are certain.
                hits[e].push((j, draw(0.0, 1.2).min(1.0)));
            }
            let (x, y) = (draw(-2.0, 2.0), draw(-2.0, 2.0));
            information[e].push(Symmetric([x * x + 0.1, x * y, y * y + 0.1]));
        }
    }
    let weights: Vec<f64> = (0..targets).map(|_| draw(0.0, 3.0)).collect();
    let priors: Vec<Symmetric> = (0..targets)
        .map(|_| Symmetric([draw(1.0, 4.0), draw(-0.9, 0.9), draw(1.0, 4.0)]))
        .collect();
    // Any function at all.
    let table: Vec<f64> = (0..1 << n).map(|_| draw(-1.0, 1.0)).collect();
    let moved = |set: usize| -> usize {
        let members = (0..n).filter(|&e| set >> e & 1 == 1);
        members.map(|e| 1 << order[e]).sum()
    };
    let mut table: Vec<f64> = (0..1 << n).map(|set| table[moved(set)]).collect();
    table[0] = 0.0;
    let actions = (0..ground.agents()).map(|i| ground.actions(i)).collect();
    let spec = TableSpec {
        class: None,
        actions,
        values: table,
    };
    fn pick<T: Clone>(of: &[T], order: &[usize]) -> Vec<T> {
        order.iter().map(|&e| of[e].clone()).collect()
    }
    let information = pick(&information, order);
    let design =
        |criterion| Information::new(ground.clone(), criterion, &priors, &information).unwrap();
    let covers = pick(&covers, order);
    let facility = FacilityLocation::new(ground.clone(), &pick(&values, order));
    vec![
        Box::new(facility.unwrap()),
        Box::new(WeightedCoverage::new(ground.clone(), weights.clone(), &covers).unwrap()),
        Box::new(Detection::new(ground.clone(), &weights, &pick(&hits, order)).unwrap()),
        Box::new(design(Criterion::AOptimal)),
        Box::new(design(Criterion::LogDet)),
        Box::new(TableObjective::new(&spec).unwrap()),
    ]
}

fn value(objective: &dyn Objective, set: usize) -> f64 {
    let mut summary = vec![f64::NAN; objective.summary_len()];
    objective.clear(&mut summary);
    for e in (0..objective.ground().len()).filter(|e| set >> e & 1 == 1) {
        objective.insert(e, &mut summary);
    }
    objective.value(&summary)
}

fn marginals(objective: &dyn Objective, set: usize) -> Vec<f64> {
    let ground = objective.ground();
    let mut summary = vec![f64::NAN; objective.summary_len()];
    objective.clear(&mut summary);
    for e in (0..ground.len()).filter(|e| set >> e & 1 == 1) {
        objective.insert(e, &mut summary);
    }
    let mut all = Vec::new();
    for agent in 0..ground.agents() {
        let mut out = vec![f64::NAN; ground.actions(agent)];
        objective.marginals(agent, &summary, &mut out);
        all.extend(out);
    }
    all
}

fn least_marginals(objective: &dyn Objective) -> Vec<f64> {
    let ground = objective.ground();
    let mut scratch = vec![f64::NAN; objective.summary_len()];
    let mut all = Vec::new();
    for agent in 0..ground.agents() {
        let mut out = vec![f64::NAN; ground.actions(agent)];
        objective.min_marginals(agent, &mut scratch, &mut out);
        all.extend(out);
    }
    all
}

fn in_order(n: usize) -> Vec<usize> {
    (0..n).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn marginals_are_differences_of_values(
        seed in any::<u64>(),
        sizes in prop::collection::vec(1_usize..4, 1..4),
    ) {
        let ground = Arc::new(Ground::new(&sizes).unwrap());
        let all = (1_usize << ground.len()) - 1;
        for (kind, f) in functions(seed, &ground, &in_order(ground.len())).iter().enumerate() {
            prop_assert_eq!(value(&**f, 0), 0.0);
            for set in 0..=all {
                let before = value(&**f, set);
                for (v, gain) in marginals(&**f, set).into_iter().enumerate() {
                    if set >> v & 1 == 0 {
                        let expected = value(&**f, set | 1 << v) - before;
                        prop_assert!(
                            (gain - expected).abs() < 1e-9,
                            "kind {}, set {:b}, element {}: {} {}", kind, set, v, gain, expected
                        );
                    }
                }
            }
            for (v, least) in least_marginals(&**f).into_iter().enumerate() {
                let expected = value(&**f, all) - value(&**f, all & !(1 << v));
                prop_assert!((least - expected).abs() < 1e-9, "kind {}, {}", kind, v);
            }
        }
    }

    #[test]
    fn another_order_of_the_elements_is_the_same_function(
        seed in any::<u64>(),
        order in Just(in_order(6)).prop_shuffle(),
    ) {
        let straight = Arc::new(Ground::new(&[2, 3, 1]).unwrap());
        // Elements may change their agents too: a set function does not care.
        let turned = Arc::new(Ground::new(&[1, 2, 3]).unwrap());
        let f = functions(seed, &straight, &in_order(6));
        let g = functions(seed, &turned, &order);
        for (f, g) in f.iter().zip(&g) {
            for set in 0..1_usize << 6 {
                let members = (0..6).filter(|&e| set >> e & 1 == 1);
                let moved: usize = members.map(|e| 1 << order[e]).sum();
                let (a, b) = (value(&**f, moved), value(&**g, set));
                prop_assert!((a - b).abs() < 1e-9, "{} {}", a, b);
                let (all, other) = (marginals(&**f, moved), marginals(&**g, set));
                for e in (0..6).filter(|&e| set >> e & 1 == 0) {
                    prop_assert!((all[order[e]] - other[e]).abs() < 1e-9);
                }
            }
            let (all, other) = (least_marginals(&**f), least_marginals(&**g));
            for e in 0..6 {
                prop_assert!((all[order[e]] - other[e]).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn functions_are_of_their_class(seed in any::<u64>()) {
        let ground = Arc::new(Ground::new(&[2, 3, 2]).unwrap());
        for f in functions(seed, &ground, &in_order(7)) {
            let found = Structure::of(&*f).unwrap();
            match f.class() {
                Class::Submodular => {
                    prop_assert!(found.monotone && found.submodular);
                    for ratio in [&found.alpha, &found.gamma, &found.beta] {
                        prop_assert!((ratio.value - 1.0).abs() < 1e-7, "{:?}", ratio);
                    }
                    prop_assert!((-1e-9..=1.0 + 1e-9).contains(&found.curvature));
                }
                Class::WeaklyDr { .. } => {
                    let (alpha, slack) = (found.alpha.value, 1e-9);
                    prop_assert!(found.monotone && alpha > 0.0);
                    prop_assert!(found.gamma.value >= alpha - slack);
                    prop_assert!(found.beta.value <= 1.0 / alpha + slack);
                }
                Class::Monotone => prop_assert!(found.monotone),
                Class::Any => prop_assert!(!found.monotone),
            }
        }
    }

    #[test]
    fn a_kept_function_stays_as_it_was(seed in any::<u64>()) {
        let ground = Arc::new(Ground::new(&[2, 2]).unwrap());
        let order = in_order(4);
        let earlier = functions(seed, &ground, &order);
        let later = functions(seed ^ 1, &ground, &order);
        for (f, g) in earlier.iter().zip(&later) {
            let mut slot = None;
            g.keep(&mut slot);
            f.keep(&mut slot);
            let kept = slot.unwrap();
            for set in 0..16 {
                prop_assert_eq!(value(&**f, set), value(&*kept, set));
                prop_assert_eq!(marginals(&**f, set), marginals(&*kept, set));
            }
            prop_assert_eq!(least_marginals(&**f), least_marginals(&*kept));
        }
    }
}

fn table(actions: &[usize], values: &[f64]) -> TableObjective {
    let spec = TableSpec {
        class: None,
        actions: actions.to_vec(),
        values: values.to_vec(),
    };
    TableObjective::new(&spec).unwrap()
}

#[test]
fn two_agents_that_overlap_or_reinforce_have_their_known_ratios() {
    let overlap = Structure::of(&table(&[1, 1], &[0.0, 1.0, 1.0, 1.0])).unwrap();
    assert!(overlap.submodular && overlap.alpha.value == 1.0);
    assert_eq!(
        (overlap.curvature, &overlap.ell[..]),
        (1.0, &[0.0, 0.0][..])
    );
    let pair = table(&[1, 1], &[0.0, 1.0, 1.0, 3.0]);
    let found = Structure::of(&pair).unwrap();
    for (got, expected) in [
        (found.alpha.value, 0.5),
        (found.gamma.value, 2.0 / 3.0),
        (found.beta.value, 4.0 / 3.0),
        (found.phi, 8.0 / 9.0),
    ] {
        assert!((got - expected).abs() < 1e-12, "{got} {expected}");
    }
    assert_eq!(pair.class(), Class::WeaklyDr { alpha: Some(0.5) });
    // The witness: an element is worth 1 alone and 2 beside the other.
    assert!(!found.submodular);
    assert_eq!(found.most_growth.value, 1.0);
    let at = found.most_growth.at.unwrap();
    assert_eq!(
        (at.smaller, at.larger, at.element),
        (vec![], vec![0], Some(1))
    );
}

#[test]
fn guarantees_follow_from_the_structure() {
    let promise = |objective: &dyn Objective| Promise::of(&Structure::of(objective).unwrap());
    let e = std::f64::consts::E;
    let overlap = promise(&table(&[1, 1], &[0.0, 1.0, 1.0, 1.0]));
    assert!(overlap.refusals.is_empty());
    for (method, ratio) in [
        ("osg", 0.5),
        ("ma-osma", 1.0 - 1.0 / e),
        ("ma-osea", 1.0 - 1.0 / e),
        ("ma-spl", 1.0 - 1.0 / e),
        ("ma-mpl", 1.0 - 1.0 / e),
    ] {
        let got = overlap.best(method).unwrap().ratio;
        assert!((got - ratio).abs() < 1e-12, "{method}: {got}");
    }
    let modular = promise(&table(&[1, 1], &[0.0, 1.0, 2.0, 3.0]));
    for method in ["osg", "ma-osma", "ma-spl"] {
        assert_eq!(modular.best(method).unwrap().ratio, 1.0, "{method}");
    }

    let pair = promise(&table(&[1, 1], &[0.0, 1.0, 1.0, 3.0]));
    assert_eq!(pair.best("osg"), None);
    assert_eq!(pair.refusals.len(), 1);
    assert_eq!(pair.refusals[0].condition, "submodular");
    assert!(pair.refusals[0].witness.is_some());
    let ratio_of = |weak: fn(&Condition) -> bool| {
        let found = pair.guarantees.iter().find(|g| weak(&g.condition));
        found.unwrap().ratio
    };
    let weak = ratio_of(|c| matches!(c, Condition::WeaklyDr { .. }));
    assert!((weak - (1.0 - (-0.5_f64).exp())).abs() < 1e-12);
    let phi = 8.0_f64 / 9.0;
    let expected = 4.0 / 9.0 * (1.0 - (-phi).exp()) / phi;
    let weak = ratio_of(|c| matches!(c, Condition::WeaklySubmodular { .. }));
    assert!((weak - expected).abs() < 1e-12);

    // Worth something only together: neither ratio is above 0.
    let joint = table(&[1, 1], &[0.0, 0.0, 0.0, 1.0]);
    assert_eq!(joint.class(), Class::Monotone);
    let joint = promise(&joint);
    assert!(joint.guarantees.is_empty());
    assert_eq!(joint.refusals.len(), 3);

    let costly = table(&[1, 1], &[0.0, 1.0, -0.5, 0.5]);
    assert_eq!(costly.class(), Class::Any);
    let costly = promise(&costly);
    assert!(costly.guarantees.is_empty());
    let refusal = &costly.refusals[0];
    assert!(
        refusal.condition == "monotone" && refusal.why.contains("-0.5"),
        "{refusal:?}"
    );
    assert_eq!(refusal.witness.as_ref().unwrap().element, Some(1));
}

#[test]
fn the_optimum_prefers_no_action_to_a_harmful_one() {
    let costly = table(&[1, 1], &[0.0, 1.0, -0.5, 0.5]);
    let best = optimum(&costly).unwrap();
    assert_eq!((best.value, best.actions), (1.0, vec![Some(0), None]));
}

#[test]
fn large_tables_are_classed_by_neighbouring_sets() {
    let n = 15;
    let sizes: Vec<f64> = (0..1_u32 << n).map(|s| f64::from(s.count_ones())).collect();
    let of = |f: fn(f64) -> f64| {
        let values: Vec<f64> = sizes.iter().map(|&s| f(s)).collect();
        table(&[n], &values).class()
    };
    assert_eq!(of(f64::sqrt), Class::Submodular);
    assert_eq!(of(|s| s * s), Class::Monotone);
    assert_eq!(of(|s| s * (9.5 - s)), Class::Any);
    let large = table(&[n], &sizes);
    let told = Structure::of(&large).unwrap_err().to_string();
    assert!(told.contains("at most 14 elements, got 15"), "{told}");
    let ground = Arc::new(Ground::new(&[9; 20]).unwrap());
    let wide = FacilityLocation::empty(ground, 1);
    let told = optimum(&wide).unwrap_err().to_string();
    assert!(told.contains("joint actions"), "{told}");
}

#[test]
fn bad_tables_are_refused() {
    let told = |actions: &[usize], values: &[f64]| {
        let spec = TableSpec {
            class: None,
            actions: actions.to_vec(),
            values: values.to_vec(),
        };
        TableObjective::new(&spec).unwrap_err().to_string()
    };
    assert_eq!(
        told(&[1, 1], &[0.0; 3]),
        "values: expected 4 entries, got 3"
    );
    assert!(told(&[1], &[0.5, 1.0]).contains("value 0, that of the empty set"));
    assert!(told(&[1], &[0.0, f64::NAN]).contains("value 1: expected a finite number, got NaN"));
    assert!(told(&[21], &[0.0]).contains("at most 20 elements, got 21"));
    assert!(told(&[1, 0], &[0.0]).contains("agent 1"));
    assert!(told(&[], &[0.0]).contains("at least one agent"));
    let unknown = r#"{"actions": [1], "values": [0, 1], "names": []}"#;
    assert!(serde_json::from_str::<TableSpec>(unknown).is_err());
}

#[test]
fn bad_functions_are_refused() {
    let ground = Arc::new(Ground::new(&[1, 1]).unwrap());
    let facility = |values: &[Vec<f64>]| FacilityLocation::new(ground.clone(), values);
    assert!(facility(&[vec![1.0]]).is_err());
    assert!(facility(&[vec![1.0], vec![1.0, 2.0]]).is_err());
    let told = facility(&[vec![1.0], vec![-1.0]]).unwrap_err().to_string();
    assert!(told.contains("element 1 for target 0"), "{told}");

    let coverage = |weights: &[f64], covers: &[Vec<usize>]| {
        WeightedCoverage::new(ground.clone(), weights.to_vec(), covers)
    };
    assert!(coverage(&[1.0], &[vec![0]]).is_err());
    assert!(coverage(&[f64::INFINITY], &[vec![0], vec![]]).is_err());
    assert!(coverage(&[1.0], &[vec![1], vec![]]).is_err());
    assert!(coverage(&[1.0], &[vec![0, 0], vec![]]).is_err());

    let detection =
        |weights: &[f64], hits: &[Vec<(usize, f64)>]| Detection::new(ground.clone(), weights, hits);
    assert!(detection(&[1.0], &[vec![]]).is_err());
    assert!(detection(&[-1.0], &[vec![], vec![]]).is_err());
    assert!(detection(&[1.0], &[vec![(1, 0.5)], vec![]]).is_err());
    assert!(detection(&[1.0], &[vec![(0, 1.5)], vec![]]).is_err());
    assert!(detection(&[1.0], &[vec![(0, 0.5), (0, 0.5)], vec![]]).is_err());

    let identity = Symmetric([1.0, 0.0, 1.0]);
    let design = |prior: Symmetric, info: Symmetric| {
        let info = [vec![info], vec![identity]];
        Information::new(ground.clone(), Criterion::AOptimal, &[prior], &info)
    };
    assert!(design(identity, identity).is_ok());
    assert!(design(Symmetric([1.0, 2.0, 1.0]), identity).is_err());
    assert!(design(identity, Symmetric([1.0, 2.0, 1.0])).is_err());
    assert!(design(identity, Symmetric([f64::NAN, 0.0, 1.0])).is_err());
}
