//! Reference vectors of multi-agent online coordination: set functions, tracking, filters.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it read"
)]

mod coordination_vectors;
mod golden_files;

use std::sync::Arc;

use coordination_vectors::{close, greedy, reals, vectors};
use golden_files::{counted, list, real};
use rounds_environments::coordination::ekf::{Estimate, Linear, Sensor};
use rounds_environments::coordination::objectives::{
    Criterion, FacilityLocation, Information, Score, Symmetric, TableObjective, TableSpec,
    WeightedCoverage,
};
use rounds_environments::coordination::structure::{Structure, optimum};
use rounds_environments::coordination::tracking::{
    Mix, TrackingConfig, TrackingWorld, escape_direction, redraws_at,
};
use rounds_environments::coordination::{CoordinationWorld, Ground, Motion, Objective};
use rounds_environments::ids::{EpisodeIx, RoundIx};
use rounds_environments::streams::RunSeed;
use serde_json::Value;

fn rows(value: &Value) -> Vec<Vec<f64>> {
    list(value).iter().map(reals).collect()
}

fn points(value: &Value) -> Vec<[f64; 2]> {
    rows(value).iter().map(|p| [p[0], p[1]]).collect()
}

fn symmetric(value: &Value) -> Symmetric {
    let m = rows(value);
    Symmetric([m[0][0], m[0][1], m[1][1]])
}

fn all_close(got: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
        close(*got, *expected, tolerance, &format!("{what}, {at}"));
    }
}

fn ground_of(blocks: &Value) -> Arc<Ground> {
    let sizes: Vec<usize> = list(blocks).iter().map(|b| list(b).len()).collect();
    // Ids are expected to run through the agents in order.
    let ids = list(blocks).iter().flat_map(list);
    assert!(ids.enumerate().all(|(e, id)| id.as_u64() == Some(e as u64)));
    Arc::new(Ground::new(&sizes).unwrap())
}

/// Value of a set given as a bitmask.
fn value(objective: &dyn Objective, set: usize) -> f64 {
    let mut summary = vec![0.0; objective.summary_len()];
    objective.clear(&mut summary);
    for e in (0..objective.ground().len()).filter(|e| set >> e & 1 == 1) {
        objective.insert(e, &mut summary);
    }
    objective.value(&summary)
}

fn table(objective: &dyn Objective) -> Vec<f64> {
    let sets = 0..1 << objective.ground().len();
    sets.map(|set| value(objective, set)).collect()
}

fn table_objective(ground: &Ground, values: Vec<f64>) -> TableObjective {
    let actions = (0..ground.agents()).map(|i| ground.actions(i)).collect();
    TableObjective::new(&TableSpec {
        actions,
        values,
        class: None,
    })
    .unwrap()
}

fn check_ratios(objective: &dyn Objective, ratios: &Value, what: &str) {
    let found = Structure::of(objective).unwrap();
    assert_eq!(Some(found.monotone), ratios["monotone"].as_bool(), "{what}");
    let submodular = ratios["submodular"].as_bool();
    assert_eq!(Some(found.submodular), submodular, "{what}");
    for (name, got) in [
        ("alpha", found.alpha.value),
        ("gamma", found.gamma.value),
        ("beta", found.beta.value),
        ("phi", found.phi),
        ("curvature", found.curvature),
    ] {
        let what = format!("{what}, {name}");
        close(got, real(&ratios[name]), 1e-7, &what);
    }
    let ell = reals(&ratios["ell"]);
    all_close(&found.ell, &ell, 1e-7, &format!("{what}, ell"));
    let ground = objective.ground();
    let mut scratch = vec![0.0; objective.summary_len()];
    for agent in 0..ground.agents() {
        let mut least = vec![0.0; ground.actions(agent)];
        objective.min_marginals(agent, &mut scratch, &mut least);
        let expected = &ell[ground.block(agent)];
        all_close(&least, expected, 1e-9, &format!("{what}, least marginals"));
    }
}

/// The function of an instance by the class made for its kind, where there is one.
fn own_class(kind: &str, ground: &Arc<Ground>, params: &Value) -> Option<Box<dyn Objective>> {
    let ground = ground.clone();
    match kind {
        "weighted_coverage" => {
            let covers: Vec<Vec<usize>> = rows(&params["cover"])
                .iter()
                .map(|row| (0..row.len()).filter(|&j| row[j] != 0.0).collect())
                .collect();
            let weights = reals(&params["weights"]);
            let made = WeightedCoverage::new(ground, weights, &covers);
            Some(Box::new(made.unwrap()))
        }
        "facility_location" => {
            let made = FacilityLocation::new(ground, &rows(&params["values"]));
            Some(Box::new(made.unwrap()))
        }
        "bayes_a_optimal" => {
            let prior = symmetric(&params["prior_cov"]);
            let info: Vec<_> = list(&params["info"])
                .iter()
                .map(|m| vec![symmetric(m)])
                .collect();
            let made = Information::new(ground, Criterion::AOptimal, &[prior], &info);
            Some(Box::new(made.unwrap()))
        }
        _ => None,
    }
}

#[test]
fn golden_set_functions() {
    let Some(file) = vectors("set_functions.json") else {
        return;
    };
    for (at, case) in list(&file).iter().enumerate() {
        let kind = case["kind"].as_str().unwrap();
        let what = format!("instance {at}, {kind}");
        let ground = ground_of(&case["blocks"]);
        let expected = reals(&case["table"]);
        let mut made: Vec<Box<dyn Objective>> =
            vec![Box::new(table_objective(&ground, expected.clone()))];
        made.extend(own_class(kind, &ground, &case["params"]));
        for objective in &made {
            all_close(&table(&**objective), &expected, 1e-9, &what);
            check_ratios(&**objective, &case["ratios"], &what);
            let best = optimum(&**objective).unwrap();
            close(best.value, real(&case["opt_value"]), 1e-9, &what);
            let mut summary = vec![0.0; objective.summary_len()];
            greedy(&**objective, &mut summary);
            let reached = objective.value(&summary);
            close(reached, real(&case["seq_greedy_value"]), 1e-9, &what);
        }
        // On the table itself, values are exactly equal where they are, so ties fall alike.
        let best = optimum(&*made[0]).unwrap();
        let set = |actions: &[Option<u32>]| -> Vec<u64> {
            let chosen = actions.iter().enumerate();
            chosen
                .filter_map(|(i, a)| a.map(|a| ground.element(i, a) as u64))
                .collect()
        };
        let ids = |value: &Value| -> Vec<u64> {
            let ids = list(value).iter().filter_map(Value::as_u64);
            ids.collect()
        };
        assert_eq!(set(&best.actions), ids(&case["opt_set"]), "{what}");
        let chosen = greedy(&*made[0], &mut [0.0]);
        assert_eq!(set(&chosen), ids(&case["seq_greedy_set"]), "{what}");
    }
    counted("set_functions.json", list(&file).len());
}

#[test]
fn golden_tracking_geometry() {
    let Some(file) = vectors("tracking_geometry.json") else {
        return;
    };
    let motion = Motion::default();
    let actions = points(&file["action_table"]);
    assert_eq!(actions.len(), motion.actions());
    for (got, expected) in motion.velocities().iter().zip(&actions) {
        all_close(got, expected, 1e-10, "action table");
    }
    for case in list(&file["cases"]) {
        check_geometry(case);
    }
    counted("tracking_geometry.json, cases", list(&file["cases"]).len());
    for case in list(&file["polyline_change_rounds"]) {
        let number = |key: &str| case[key].as_u64().unwrap() as u32;
        let (horizon, pieces) = (number("T"), number("k"));
        let rounds: Vec<u64> = (0..horizon)
            .filter(|&t| redraws_at(t, pieces, horizon))
            .map(u64::from)
            .collect();
        let expected = list(&case["rounds"]).iter().filter_map(Value::as_u64);
        assert_eq!(rounds, expected.collect::<Vec<_>>(), "{case}");
    }
    let lines = list(&file["polyline_change_rounds"]).len();
    counted("tracking_geometry.json, polylines", lines);
}

/// A world whose targets stand still, so that what is revealed is of the places given.
fn still_world(case: &Value, score: Score) -> TrackingWorld {
    let config = TrackingConfig {
        motion: Motion {
            dt_s: real(&case["dt"]),
            ..Motion::default()
        },
        score,
        target_speeds: [0.0, 0.0],
        ..TrackingConfig::default()
    };
    let mix = Mix {
        random: 1.0,
        adversarial: 0.0,
        polyline: 0.0,
    };
    let agents = points(&case["agents"]);
    let targets = points(&case["targets"]);
    let (seed, episode) = (RunSeed(1), EpisodeIx(0));
    let world = TrackingWorld::with_places(config, mix, seed, episode, agents, &targets);
    let mut world = world.unwrap();
    world.reveal(RoundIx(1)).unwrap();
    world
}

fn check_geometry(case: &Value) {
    let chosen = list(&case["actions"]).iter();
    let chosen: Vec<u32> = chosen.map(|a| a.as_u64().unwrap() as u32).collect();
    let eps = 0.001;
    for (score, key) in [
        (Score::Bounded, "utility_bounded"),
        (Score::Reciprocal { eps }, "utility_reciprocal"),
    ] {
        let world = still_world(case, score);
        let (ground, objective) = (world.ground(), world.objective());
        let mut summary = vec![0.0; objective.summary_len()];
        objective.clear(&mut summary);
        for (agent, action) in chosen.iter().enumerate() {
            objective.insert(ground.element(agent, *action), &mut summary);
        }
        close(objective.value(&summary), real(&case[key]), 1e-10, key);
    }
    let mut world = still_world(case, Score::Bounded);
    let (ground, objective) = (world.ground(), world.objective());
    let mut summary = vec![0.0; objective.summary_len()];
    let mut out = vec![0.0; ground.most_actions()];
    for agent in 0..ground.agents() {
        objective.clear(&mut summary);
        for (other, action) in chosen
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != agent)
        {
            objective.insert(ground.element(other, *action), &mut summary);
        }
        objective.marginals(agent, &summary, &mut out);
        let expected = reals(&case["marginals_given_others"][agent]);
        all_close(&out, &expected, 1e-10, "marginals");
        objective.min_marginals(agent, &mut summary, &mut out);
        let expected = reals(&case["min_marginal_ell"][agent]);
        all_close(&out, &expected, 1e-10, "ell");
    }
    let joint: Vec<Option<u32>> = chosen.into_iter().map(Some).collect();
    world.apply(&joint).unwrap();
    let picture = world.picture().unwrap();
    for (got, expected) in picture.agents.iter().zip(points(&case["agents_next"])) {
        all_close(got, &expected, 1e-10, "places");
    }
    let nearest: Vec<f64> = picture
        .targets
        .iter()
        .map(|target| {
            let agents = picture.agents.iter();
            let all = agents.map(|a| (a[0] - target[0]).hypot(a[1] - target[1]));
            all.fold(f64::INFINITY, f64::min)
        })
        .collect();
    all_close(&nearest, &reals(&case["min_dist"]), 1e-10, "distances");
    let mut measured = [0.0; 2];
    world.measured(&mut measured);
    let expected = [real(&case["mean_min_dist"]), real(&case["n_within_5"])];
    all_close(&measured, &expected, 1e-10, "measures");
    let agents = points(&case["agents"]);
    let flights = points(&case["escape_velocity"]);
    for (target, expected) in points(&case["targets"]).into_iter().zip(flights) {
        let [x, y] = escape_direction(target, &agents).unwrap();
        all_close(&[15.0 * x, 15.0 * y], &expected, 1e-10, "flight");
    }
}

#[test]
fn golden_ekf_a_optimal() {
    let Some(file) = vectors("ekf_a_optimal.json") else {
        return;
    };
    let sensor = Sensor {
        range_noise: 0.1,
        range_noise_slope: 0.05,
        bearing_noise_rad: 0.05,
        least_range: 0.5,
    };
    for case in list(&file) {
        let mean = reals(&case["prior_mean"]);
        let mut estimate = Estimate {
            mean: [mean[0], mean[1]],
            covariance: symmetric(&case["prior_cov"]),
        };
        let places = points(&case["sensor_pos"]);
        let mut info = Vec::new();
        for (at, from) in places.iter().enumerate() {
            let linear = Linear::at(&sensor, *from, estimate.mean);
            for (row, expected) in linear.rows.iter().zip(rows(&case["H"][at])) {
                all_close(row, &expected, 1e-9, "H");
            }
            all_close(&linear.variances, &reals(&case["R_diag"][at]), 1e-9, "R");
            let expected = symmetric(&case["info"][at]);
            all_close(&linear.information().0, &expected.0, 1e-9, "info");
            info.push(vec![linear.information()]);
        }
        let ground = Arc::new(Ground::new(&vec![1; places.len()]).unwrap());
        let made = |criterion| {
            let prior = [estimate.covariance];
            Information::new(ground.clone(), criterion, &prior, &info).unwrap()
        };
        let traces = made(Criterion::AOptimal);
        all_close(&table(&traces), &reals(&case["f_table"]), 1e-9, "f");
        check_ratios(&traces, &case["ratios"], "A-optimal");
        let logs = table(&made(Criterion::LogDet));
        all_close(&logs, &reals(&case["f_logdet_table"]), 1e-9, "log-det");
        let selected = list(&case["selected"]).iter();
        let from = selected.map(|id| places[id.as_u64().unwrap() as usize]);
        let measured = points(&case["measurements"]);
        estimate.update(&sensor, from.zip(measured));
        let expected = symmetric(&case["post_cov"]);
        all_close(&estimate.covariance.0, &expected.0, 1e-9, "covariance");
        all_close(&estimate.mean, &reals(&case["post_mean"]), 1e-9, "mean");
    }
    counted("ekf_a_optimal.json", list(&file).len());
}
