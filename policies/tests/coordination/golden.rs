//! Golden vectors of the MA-OC card.
#![expect(
    clippy::print_stdout,
    reason = "the tests say how many cases they read"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rounds_environments::coordination::{Class, CommGraph, Ground, Objective};
use rounds_environments::ids::RoundIx;
use rounds_policies::coordination::{
    Forecaster, MetaStep, Method, MplOptions, MultilinearExtension, MultilinearStep,
    PolicyExtension, Population, Queries, SampledSets, SplOptions, SurrogateStep, SurrogateWeight,
    onto_simplex, onto_sub_simplex, scaled_losses, surrogate_mass, surrogate_z,
};
use serde_json::Value;

use super::support::{Facility, Game, Table, path};

/// The vectors of one file; `None` when an outside folder lacks it.
fn vectors(file: &str) -> Option<Value> {
    let path = match std::env::var_os("ROUNDS_GOLDEN") {
        Some(root) => {
            let path = PathBuf::from(root).join("maoc").join(file);
            if !path.exists() {
                println!("skipped: {} is missing", path.display());
                return None;
            }
            path
        }
        None => Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/maoc")).join(file),
    };
    let text = std::fs::read_to_string(&path).expect("vectors can be read");
    Some(serde_json::from_str(&text).expect("vectors are JSON"))
}

fn counted(file: &str, count: usize) {
    println!("{file}: {count} cases read");
    assert!(count > 0, "{file} holds no case");
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("an array")
}

fn real(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn reals(value: &Value) -> Vec<f64> {
    list(value).iter().map(real).collect()
}

/// Numbers of an array of arrays.
fn rows(value: &Value) -> Vec<Vec<f64>> {
    list(value).iter().map(reals).collect()
}

fn elements(value: &Value) -> Vec<usize> {
    let elements = list(value).iter();
    elements
        .map(|e| e.as_u64().expect("an element") as usize)
        .collect()
}

/// Number of actions of each agent; the elements run through the blocks in order.
fn actions(case: &Value) -> Vec<usize> {
    let blocks: Vec<Vec<usize>> = list(&case["blocks"]).iter().map(elements).collect();
    let ids = blocks.concat();
    assert!(ids.iter().enumerate().all(|(i, &e)| i == e), "{ids:?}");
    blocks.iter().map(Vec::len).collect()
}

fn facility(case: &Value) -> Facility {
    Facility::new(&actions(case), &rows(&case["values"]))
}

fn sets(lists: &[Value]) -> Vec<SampledSets> {
    let one = |value: &Value| {
        let mut set = SampledSets::default();
        elements(value).into_iter().for_each(|e| set.push(e));
        set.close();
        set
    };
    lists.iter().map(one).collect()
}

fn all_close(got: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (got, expected) in got.iter().zip(expected) {
        close(*got, *expected, tolerance, what);
    }
}

fn close(got: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (got - expected).abs() <= tolerance,
        "{what}: expected {expected}, got {got}"
    );
}

fn queries(objective: &dyn Objective) -> Vec<Queries> {
    let ground = Arc::new(objective.ground().clone());
    let agents = 0..ground.agents();
    agents
        .map(|i| Queries::new(ground.clone(), i, objective.summary_len()))
        .collect()
}

#[test]
fn golden_primitives() {
    let Some(file) = vectors("primitives.json") else {
        return;
    };
    let cases = list(&file["projection"]);
    for case in cases {
        let v = reals(&case["v"]);
        let mut scratch = vec![0.0; v.len()];
        let mut x = v.clone();
        onto_sub_simplex(&mut x, &mut scratch);
        all_close(&x, &reals(&case["onto_sum_le_1"]), 1e-10, "sum <= 1");
        let mut x = v.clone();
        onto_simplex(&mut x, &mut scratch);
        all_close(&x, &reals(&case["onto_sum_eq_1"]), 1e-10, "sum = 1");
    }
    counted("primitives.json, projection", cases.len());
    let cases = list(&file["zinv"]);
    for case in cases {
        let rho = real(&case["rho"]);
        let z = surrogate_z(rho, real(&case["u"]));
        close(z, real(&case["z"]), 1e-10, "z");
        close(surrogate_mass(rho), real(&case["mass"]), 1e-10, "mass");
    }
    counted("primitives.json, zinv", cases.len());
    let cases = list(&file["metropolis"]);
    for case in cases {
        let adjacency = rows(&case["adjacency"]);
        let n = adjacency.len();
        let pairs = (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
        let edges: Vec<_> = pairs.filter(|&(i, j)| adjacency[i][j] != 0.0).collect();
        let graph = CommGraph::metropolis(n, &edges, false).unwrap();
        for (i, expected) in rows(&case["W"]).iter().enumerate() {
            let mut row = vec![0.0; n];
            row[i] = graph.own_weight(i);
            graph.neighbours(i).for_each(|(j, w)| row[j] = w);
            all_close(&row, expected, 1e-10, "W");
        }
        close(graph.tau(), real(&case["tau"]), 1e-10, "tau");
        let diameter = case["diameter"].as_u64();
        assert_eq!(Some(u64::from(graph.diameter())), diameter);
    }
    counted("primitives.json, metropolis", cases.len());
}

/// The instance as a table, of the class that it was found to have.
fn table(instance: &Value) -> Table {
    let ratios = &instance["ratios"];
    let class = match (&ratios["monotone"], &ratios["submodular"]) {
        (Value::Bool(true), Value::Bool(true)) => Class::Submodular,
        (Value::Bool(true), _) => Class::WeaklyDr {
            alpha: Some(real(&ratios["alpha"])),
        },
        _ => Class::Any,
    };
    let values = reals(&instance["table"]);
    Table::new(&actions(instance), class, |set| values[set])
}

#[test]
fn golden_extension() {
    let (Some(file), Some(instances)) = (vectors("extension.json"), vectors("set_functions.json"))
    else {
        return;
    };
    let cases = list(&file);
    for case in cases {
        let instance = &instances[case["instance"].as_u64().unwrap() as usize];
        let objective = table(instance);
        let pi = rows(&case["pi"]).concat();
        let mut out = vec![0.0; pi.len()];
        let mut extension = PolicyExtension::new(&objective).unwrap();
        close(extension.value(&pi), real(&case["F"]), 1e-9, "F");
        extension.gradient(&pi, &mut out);
        all_close(&out, &rows(&case["grad"]).concat(), 1e-9, "gradient");
        for (rho, expected) in case["surrogate_grad"].as_object().unwrap() {
            extension.surrogate_gradient(rho.parse().unwrap(), &pi, &mut out);
            all_close(&out, &rows(expected).concat(), 1e-8, "surrogate gradient");
        }
        let (gamma, beta) = (&instance["ratios"]["gamma"], &instance["ratios"]["beta"]);
        let (gamma, beta) = (real(gamma), real(beta));
        let phi = SurrogateWeight::Phi { gamma, beta }.rho();
        extension.surrogate_gradient(phi, &pi, &mut out);
        let expected = rows(&case["surrogate_grad_phi"]).concat();
        all_close(&out, &expected, 1e-8, "surrogate gradient of phi");
        if let Some(expected) = case.get("surrogate_grad_curvature") {
            extension.curvature_direction(&pi, &mut out);
            all_close(&out, &rows(expected).concat(), 1e-8, "curvature direction");
        }
        let mut multilinear = MultilinearExtension::new(&objective).unwrap();
        close(
            multilinear.value(&pi),
            real(&case["multilinear"]),
            1e-9,
            "G",
        );
        multilinear.gradient(&pi, &mut out);
        all_close(
            &out,
            &reals(&case["multilinear_grad"]),
            1e-9,
            "gradient of G",
        );
        if let Some(expected) = case.get("multilinear_surrogate_grad_c") {
            let c = real(&instance["ratios"]["curvature"]).max(0.0);
            multilinear.surrogate_gradient(c, &pi, &mut out);
            all_close(&out, &reals(expected), 1e-8, "surrogate gradient of G");
        }
    }
    counted("extension.json", cases.len());
}

#[test]
fn golden_greedy_and_optimum() {
    let Some(file) = vectors("set_functions.json") else {
        return;
    };
    let cases = list(&file);
    for case in cases {
        let objective = table(case);
        let ground = objective.ground();
        let graph = path(ground.agents());
        for (method, key) in [(Method::Greedy, "seq_greedy"), (Method::Optimum, "opt")] {
            let mut game = Game::new(&method, &objective, &graph, 1, 0);
            let value = game.round(|_| &objective);
            close(value, real(&case[format!("{key}_value")]), 1e-9, key);
            let mut chosen = vec![None; ground.agents()];
            if let Population::Oracle(oracle) = &mut game.population {
                oracle.act(RoundIx(1), &objective, &mut chosen).unwrap();
            }
            let set: Vec<usize> = (chosen.iter().enumerate())
                .filter_map(|(i, action)| action.map(|action| ground.element(i, action)))
                .collect();
            assert_eq!(set, elements(&case[format!("{key}_set")]), "{key}");
        }
    }
    counted("set_functions.json", cases.len());
}

#[test]
fn golden_ma_spl_round() {
    let Some(file) = vectors("single_round.json") else {
        return;
    };
    let cases = list(&file["ma_spl"]);
    for case in cases {
        let objective = facility(case);
        let ground = objective.ground();
        let graph = CommGraph::weighted(&rows(&case["W"]), false).unwrap();
        let step = SurrogateStep {
            eta: real(&case["eta"]),
            rho: real(&case["rho"]),
            curvature_boost: case["boost"].as_bool().unwrap(),
            normalise: false,
            normalise_mass: false,
            own_block_authoritative: false,
        };
        let copies: Vec<f64> = list(&case["policies"])
            .iter()
            .flat_map(|copy| rows(copy).concat())
            .collect();
        let sets = sets(list(&case["sampled_sets"]));
        for (i, mut queries) in queries(&objective).into_iter().enumerate() {
            let mut ell = vec![0.0; ground.actions(i)];
            let mut direction = ell.clone();
            let mut scratch = ell.clone();
            step.direction(&objective, &mut queries, &sets[i], &mut ell, &mut direction)
                .unwrap();
            all_close(&direction, &reals(&case["grad"][i]), 1e-10, "gradient");
            let mut next = vec![0.0; ground.len()];
            step.update(
                ground,
                &graph,
                i,
                &copies,
                &direction,
                &mut next,
                &mut scratch,
            );
            let expected = rows(&case["policies_next"][i]).concat();
            all_close(&next, &expected, 1e-10, "policies");
        }
    }
    counted("single_round.json, ma_spl", cases.len());
}

#[test]
fn golden_ma_mpl_round() {
    let Some(file) = vectors("single_round.json") else {
        return;
    };
    let cases = list(&file["ma_mpl"]);
    for case in cases {
        let objective = facility(case);
        let ground = objective.ground();
        let n = ground.agents();
        let levels = case["L"].as_u64().unwrap() as usize;
        let distorted = case["distorted"].as_bool().unwrap();
        let step = MetaStep::new(real(&case["eta"]), levels, distorted, false);
        let id = |level: usize, i: usize| case["meta_actions"][level][i].as_i64().unwrap() as i32;
        let meta: Vec<Vec<i32>> = (0..n)
            .map(|i| (0..levels).map(|level| id(level, i)).collect())
            .collect();
        for (i, mut queries) in queries(&objective).into_iter().enumerate() {
            let mut ell = vec![0.0; ground.actions(i)];
            let mut direction = ell.clone();
            let mut scratch = ell.clone();
            let scale = step.prepare(&objective, &mut queries, &mut ell).unwrap();
            let mut before = vec![0.0; ground.actions(i)];
            let mut after = before.clone();
            for level in 0..levels {
                let picks = elements(&case["level_picks"][level][i]);
                let mut set = SampledSets::default();
                set.choose_below(n, i, level, |j| &meta[j], |j| picks[j]);
                let drawn: Vec<usize> = set.iter().flatten().map(|&e| e as usize).collect();
                assert_eq!(drawn, elements(&case["sets"][level][i]), "set");
                step.direction(
                    &objective,
                    &mut queries,
                    level,
                    &set,
                    &ell,
                    scale,
                    &mut direction,
                )
                .unwrap();
                let expected = reals(&case["grad"][level][i]);
                all_close(&direction, &expected, 1e-10, "gradient");
                let mut policy = reals(&case["base_policies"][level][i]);
                for (sum, p) in before.iter_mut().zip(&policy) {
                    *sum += p / levels as f64;
                }
                step.update(&mut policy, &direction, &mut scratch);
                for (sum, p) in after.iter_mut().zip(&policy) {
                    *sum += p / levels as f64;
                }
                let expected = reals(&case["base_policies_next"][level][i]);
                all_close(&policy, &expected, 1e-10, "base policy");
            }
            all_close(&before, &reals(&case["policy"][i]), 1e-10, "policy");
            let expected = reals(&case["policy_next"][i]);
            all_close(&after, &expected, 1e-10, "next policy");
        }
    }
    counted("single_round.json, ma_mpl", cases.len());
}

#[test]
fn golden_ma_osma_round() {
    let Some(file) = vectors("single_round.json") else {
        return;
    };
    let cases = list(&file["ma_osma"]);
    for case in cases {
        let objective = facility(case);
        let ground = objective.ground();
        let graph = CommGraph::weighted(&rows(&case["W"]), false).unwrap();
        let entropic = case["entropic"].as_bool().unwrap();
        let step = MultilinearStep {
            eta: real(&case["eta"]),
            curvature: real(&case["c"]),
            mix: entropic.then(|| real(&case["mix"])),
            normalise: false,
        };
        let copies: Vec<f64> = list(&case["y"])
            .iter()
            .flat_map(|copy| rows(copy).concat())
            .collect();
        let sets = sets(list(&case["sampled_sets"]));
        for (i, mut queries) in queries(&objective).into_iter().enumerate() {
            let mut direction = vec![0.0; ground.actions(i)];
            let mut scratch = direction.clone();
            step.direction(&objective, &mut queries, &sets[i], &mut direction)
                .unwrap();
            all_close(&direction, &reals(&case["grad"][i]), 1e-10, "gradient");
            let mut next = vec![0.0; ground.len()];
            step.update(
                ground,
                &graph,
                i,
                &copies,
                &direction,
                &mut next,
                &mut scratch,
            );
            all_close(&next, &rows(&case["y_next"][i]).concat(), 1e-10, "y");
        }
    }
    counted("single_round.json, ma_osma", cases.len());
}

#[test]
fn golden_osg() {
    let Some(file) = vectors("single_round.json") else {
        return;
    };
    let cases = list(&file["osg_fsf"]);
    for case in cases {
        let horizon = case["T"].as_u64().unwrap() as u32;
        let kappa = case["K"].as_u64().unwrap() as usize;
        let mut forecaster = Forecaster::osg(kappa, horizon, None);
        let losses = rows(&case["losses"]);
        for (loss, expected) in losses.iter().zip(rows(&case["distributions"])) {
            all_close(forecaster.distribution(), &expected, 1e-10, "distribution");
            forecaster.learn(loss);
        }
    }
    counted("single_round.json, osg_fsf", cases.len());
    let cases = list(&file["osg_round"]);
    for case in cases {
        let objective = facility(case);
        let ground: &Ground = objective.ground();
        let mut running = vec![0.0; objective.summary_len()];
        objective.clear(&mut running);
        for (i, mut queries) in queries(&objective).into_iter().enumerate() {
            let mut losses = vec![0.0; ground.actions(i)];
            let marginals = queries.at(&objective, &running).unwrap().to_vec();
            all_close(
                &marginals,
                &reals(&case["marginals"][i]),
                1e-10,
                "marginals",
            );
            scaled_losses(&objective, &mut queries, &running, &mut losses).unwrap();
            let expected = reals(&case["scaled_losses"][i]);
            all_close(&losses, &expected, 1e-10, "losses");
            let played = case["actions"][i].as_u64().unwrap() as usize;
            objective.insert(played, &mut running);
        }
    }
    counted("single_round.json, osg_round", cases.len());
}

/// Mean and standard error.
fn estimate(sample: &[f64]) -> (f64, f64) {
    let n = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / n;
    let squares: f64 = sample.iter().map(|x| (x - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}

/// Reward of the last half of a run over the optimum.
fn last_half(method: &Method, objective: &Table, horizon: u32, seed: u64, optimum: f64) -> f64 {
    let graph = path(objective.ground().agents());
    let mut game = Game::new(method, objective, &graph, horizon, seed);
    let rewards: Vec<f64> = (0..horizon).map(|_| game.round(|_| objective)).collect();
    let last = &rewards[horizon as usize / 2..];
    last.iter().sum::<f64>() / last.len() as f64 / optimum
}

/// Runs differ in their draws, so that means are compared: ours must not lie below the file's by
/// more than four standard errors of both and what may depend on the streams.
#[test]
fn golden_static_convergence() {
    const SEEDS: std::ops::Range<u64> = 0..5;
    let (Some(file), Some(instances)) = (
        vectors("static_convergence.json"),
        vectors("set_functions.json"),
    ) else {
        return;
    };
    let cases = list(&file);
    for case in cases {
        let instance = &instances[case["instance"].as_u64().unwrap() as usize];
        let objective = table(instance);
        let optimum = real(&case["opt"]);
        let eta = real(&case["eta"]);
        let ratios = &case["ratios"];
        let weight = SurrogateWeight::Phi {
            gamma: real(&ratios["gamma"]).min(1.0),
            beta: real(&ratios["beta"]).max(1.0),
        };
        let submodular = objective.class() == Class::Submodular;
        let horizon = case["T"].as_u64().unwrap() as u32;
        let spl = Method::MaSpl(SplOptions {
            eta0: eta * f64::from(horizon).sqrt(),
            weight: (!submodular).then_some(weight),
            ..SplOptions::default()
        });
        const META_HORIZON: u32 = 500;
        let mpl = Method::MaMpl(MplOptions {
            eta0: eta * f64::from(META_HORIZON).sqrt(),
            levels: Some(6),
            ..MplOptions::default()
        });
        for (name, method, horizon) in [("ma_spl", spl, horizon), ("ma_mpl", mpl, META_HORIZON)] {
            let runs: Vec<f64> = SEEDS
                .map(|seed| last_half(&method, &objective, horizon, seed, optimum))
                .collect();
            let (mean, error) = estimate(&runs);
            let expected = &case["algs"][name];
            let (there, error_there) = (
                real(&expected["last_half_reward_over_opt_mean"]),
                real(&expected["last_half_se"]),
            );
            let what = format!("{name} on {}, {mean} +- {error}", case["kind"]);
            println!("{what}, the file has {there} +- {error_there}");
            let slack = 4.0 * error.hypot(error_there);
            assert!(mean >= there - slack - 0.005, "{what}: expected {there}");
            // Where the guarantee is the optimum itself, nothing can exceed it.
            let guarantee = real(&case["guarantee"]).min(0.998);
            assert!(mean - slack > guarantee, "{what}: guaranteed {guarantee}");
        }
    }
    counted("static_convergence.json", cases.len());
}
