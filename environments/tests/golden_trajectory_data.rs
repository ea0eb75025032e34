//! Reference vectors of offline data: normalised scores, batches.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it read"
)]

mod golden_files;
mod trajectory_vectors;

use golden_files::{counted, list, real};
use rounds_environments::control::data::{
    End, Episode, Header, Normaliser, Sampler, SamplerConfig, Trajectories, published,
};
use serde_json::Value;
use trajectory_vectors::{close, reals, vectors};

#[test]
fn golden_normalized_scores() {
    let Some(file) = vectors("normalized_scores.json") else {
        return;
    };
    let references = file["reference"].as_object().unwrap();
    for (name, expected) in references {
        let own = published(name).unwrap();
        let expected = [real(&expected["min"]), real(&expected["max"])];
        close(&[own.min, own.max], &expected, 1e-9, name);
        close(
            &[own.score(own.min), own.score(own.max)],
            &[0.0, 100.0],
            1e-9,
            name,
        );
    }
    let examples = list(&file["examples"]);
    for example in examples {
        let name = example["env"].as_str().unwrap();
        let score = published(name).unwrap().score(real(&example["ret"]));
        close(&[score], &[real(&example["score"])], 1e-9, name);
    }
    counted("normalized_scores.json", references.len() + examples.len());
}

fn flat(rows: &Value) -> Vec<f64> {
    list(rows).iter().flat_map(reals).collect()
}

fn trajectories(file: &Value) -> Trajectories {
    let all = list(&file["trajectories"]);
    let width = |array: &str| reals(&all[0][array][0]).len();
    let (observation, action) = (width("observations"), width("actions"));
    let mut data = Trajectories::new(Header::default(), observation, action).unwrap();
    for one in all {
        let episode = Episode {
            observations: &flat(&one["observations"]),
            actions: &flat(&one["actions"]),
            rewards: &reals(&one["rewards"]),
            end: End::Timeout,
            last: None,
        };
        data.push(episode).unwrap();
    }
    data
}

#[test]
fn golden_batch() {
    let Some(file) = vectors("metrics_defences_pipeline.json") else {
        return;
    };
    let file = &file["batch"];
    let data = trajectories(file);
    let config = SamplerConfig {
        context: file["K"].as_u64().unwrap() as usize,
        return_scale: real(&file["return_scale"]),
        max_ep_len: file["max_ep_len"].as_u64().unwrap() as u32,
        compat_action_pad: real(&file["action_pad"]),
        ..SamplerConfig::default()
    };
    let sampler: Sampler<f64> = Sampler::new(&data, config.clone()).unwrap();
    let Normaliser { mean, std } = sampler.normaliser();
    close(mean, &reals(&file["state_mean"]), 1e-9, "means");
    close(std, &reals(&file["state_std"]), 1e-9, "deviations");
    let shares = reals(&file["sampling_probability"]);
    close(&sampler.probabilities(), &shares, 1e-9, "probabilities");
    close(&data.returns(), &reals(&file["returns"]), 1e-9, "returns");

    let rows = list(&file["rows"]);
    let mut batch = sampler.room(rows.len());
    let single: Sampler<f32> = Sampler::new(&data, config).unwrap();
    let mut narrow = single.room(rows.len());
    for (row, expected) in rows.iter().enumerate() {
        let at = |name: &str| expected[name].as_u64().unwrap() as usize;
        sampler.fill(at("traj"), at("start"), row, &mut batch);
        single.fill(at("traj"), at("start"), row, &mut narrow);
    }
    let all = |name: &str| -> Vec<f64> { rows.iter().flat_map(|row| flat(&row[name])).collect() };
    let times: Vec<f64> = batch
        .timesteps
        .iter()
        .map(|time| f64::from(*time))
        .collect();
    close(&batch.states, &all("states"), 1e-9, "states");
    close(&batch.actions, &all("actions"), 1e-9, "actions");
    close(&batch.returns_to_go, &all("rtg"), 1e-9, "returns to go");
    close(&times, &all("timesteps"), 0.0, "timesteps");
    close(&batch.mask, &all("mask"), 0.0, "mask");
    let wide: Vec<f64> = narrow
        .states
        .iter()
        .map(|state| f64::from(*state))
        .collect();
    close(&wide, &all("states"), 1e-5, "states in single precision");
    counted("metrics_defences_pipeline.json", rows.len());
}
