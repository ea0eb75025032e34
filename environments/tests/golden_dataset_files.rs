//! Data sets in the formats of others: reference files of D4RL and Minari, and the same episodes in all formats.
#![cfg(feature = "hdf5")]
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it read"
)]

mod golden_files;
mod trajectory_vectors;

use std::fs;
use std::path::Path;

use golden_files::{counted, folder, list, real};
use hdf5::types::VarLenUnicode;
use hdf5::{File, Group, H5Type};
use rounds_environments::control::Actions;
use rounds_environments::control::data::{
    ActionMap, Batch, DataError, End, Episode, Float, Header, Sampler, SamplerConfig, Trajectories,
    Warning, read, read_d4rl, read_minari, write,
};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use serde_json::{Value, json};
use trajectory_vectors::{close, reals, vectors};

fn flat(rows: &Value) -> Vec<f64> {
    list(rows).iter().flat_map(reals).collect()
}

/// Equal, but for the last bit that the reading of a number from JSON may miss.
fn same(got: &[f64], expected: &[f64], what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (got, expected) in got.iter().zip(expected) {
        let miss = (got - expected).abs();
        assert!(
            miss <= f64::EPSILON * expected.abs(),
            "{what}: expected {expected}, got {got}"
        );
    }
}

fn ended(flags: &Value) -> Option<bool> {
    list(flags).last().unwrap().as_bool()
}

#[test]
fn golden_dataset_files() {
    let Some(file) = vectors("dataset_files.json") else {
        return;
    };
    let mut cases = 0;
    for (format, place, check) in [
        ("d4rl", "file", check_d4rl as fn(&Path, &Value)),
        ("minari", "dir", check_minari),
    ] {
        let Some(expected) = file.get(format) else {
            continue;
        };
        check(
            &folder("trajectory").join(expected[place].as_str().unwrap()),
            expected,
        );
        cases += list(&expected["episodes"]).len();
    }
    counted("dataset_files.json", cases);
}

fn check_d4rl(path: &Path, expected: &Value) {
    let loaded = read_d4rl(path, 1000).unwrap();
    let (data, episodes) = (&loaded.data, list(&expected["episodes"]));
    let size = |name: &str| expected[name].as_u64().unwrap() as usize;
    assert_eq!(data.observation_size(), size("obs_dim"));
    assert_eq!(data.action_size(), size("act_dim"));
    assert_eq!(data.episodes(), episodes.len());
    assert_eq!(data.steps() + size("dropped_tail"), size("n"));
    let tail = Warning::Unfinished {
        steps: size("dropped_tail"),
    };
    assert_eq!(size("dropped_tail") > 0, loaded.warnings.contains(&tail));
    for (number, (episode, expected)) in data.iter().zip(episodes).enumerate() {
        let (start, steps) = (expected["start"].as_u64(), expected["len"].as_u64());
        let before: usize = (0..number).map(|n| data.episode(n).steps()).sum();
        assert_eq!(start, Some(before as u64));
        assert_eq!(steps, Some(episode.steps() as u64));
        let end = match expected["end"].as_str() {
            Some("terminal") => End::Terminal,
            _ => End::Timeout,
        };
        assert_eq!(episode.end, end);
        // The one sum of the vectors that is no number of the file.
        close(
            &[episode.total_reward()],
            &[real(&expected["ret"])],
            1e-12,
            "return",
        );
    }
    for (array, got) in [
        ("observations", data.observations()),
        ("actions", data.actions()),
        ("rewards", data.rewards()),
    ] {
        same(got, &flat(&expected[array])[..got.len()], array);
    }
}

fn check_minari(path: &Path, expected: &Value) {
    let loaded = read_minari(path, None).unwrap();
    let (data, episodes) = (&loaded.data, list(&expected["episodes"]));
    assert_eq!(data.episodes(), episodes.len());
    for (episode, expected) in data.iter().zip(episodes) {
        let seen = [episode.observations, episode.last.unwrap()].concat();
        same(&seen, &flat(&expected["observations"]), "observations");
        same(episode.actions, &flat(&expected["actions"]), "actions");
        same(episode.rewards, &reals(&expected["rewards"]), "rewards");
        let terminal = ended(&expected["terminations"]) == Some(true);
        assert_eq!(episode.end == End::Terminal, terminal);
        assert!(terminal || ended(&expected["truncations"]) == Some(true));
    }
    // The fixture is Pendulum's: its bounds bring its actions into reach.
    if let Some(bounds) = loaded.bounds {
        let mut data = loaded.data;
        data.rescale(ActionMap::of(&bounds)).unwrap();
        assert!(data.actions().iter().all(|action| action.abs() <= 1.0));
    }
}

/// Episodes whose numbers are not those of single precision.
fn invented() -> Trajectories {
    let header = Header {
        environment: "invented".to_owned(),
        collector: "nobody".to_owned(),
        ..Header::default()
    };
    let mut data = Trajectories::new(header, 2, 1).unwrap();
    for (number, steps) in [3_usize, 1, 12, 7].into_iter().enumerate() {
        let count = |n: usize, by: f64| {
            (0..n)
                .map(|i| (by * (i + number) as f64).sin())
                .collect::<Vec<f64>>()
        };
        let last = count(2, 0.7);
        data.push(Episode {
            observations: &count(2 * steps, 0.3),
            actions: &count(steps, 1.1),
            rewards: &count(steps, 2.3),
            end: if number == 1 {
                End::Terminal
            } else {
                End::Timeout
            },
            last: Some(&last),
        })
        .unwrap();
    }
    data
}

fn put<T: H5Type>(group: &Group, name: &str, shape: &[usize], items: &[T]) {
    let made = group.new_dataset::<T>().shape(shape).create(name).unwrap();
    made.write_raw(items).unwrap();
}

/// As D4RL keeps them, in single precision.
fn write_d4rl(path: &Path, data: &Trajectories) {
    let single = |numbers: &[f64]| numbers.iter().map(|n| *n as f32).collect::<Vec<f32>>();
    let file = File::create(path).unwrap();
    let steps = data.steps();
    put(
        &file,
        "observations",
        &[steps, 2],
        &single(data.observations()),
    );
    put(&file, "actions", &[steps, 1], &single(data.actions()));
    put(&file, "rewards", &[steps], &single(data.rewards()));
    for (name, end) in [("terminals", End::Terminal), ("timeouts", End::Timeout)] {
        let flags = data.iter().flat_map(|episode| {
            let last = episode.steps() - 1;
            (0..episode.steps()).map(move |step| step == last && episode.end == end)
        });
        put(&file, name, &[steps], &flags.collect::<Vec<bool>>());
    }
}

/// As Minari keeps them: rewards, and here all numbers, in double precision.
fn write_minari(folder: &Path, data: &Trajectories) {
    fs::create_dir_all(folder.join("data")).unwrap();
    let metadata = json!({"total_episodes": data.episodes(), "dataset_id": "invented", "data_format": "hdf5",
        "action_space": "{\"type\": \"Box\", \"low\": [-1.0], \"high\": [1.0]}"});
    fs::write(folder.join("data/metadata.json"), metadata.to_string()).unwrap();
    let file = File::create(folder.join("data/main_data.hdf5")).unwrap();
    for (number, episode) in data.iter().enumerate() {
        let group = file.create_group(&format!("episode_{number}")).unwrap();
        let steps = episode.steps();
        let seen = [episode.observations, episode.last.unwrap()].concat();
        put(&group, "observations", &[steps + 1, 2], &seen);
        put(&group, "actions", &[steps, 1], episode.actions);
        put(&group, "rewards", &[steps], episode.rewards);
        for (name, end) in [
            ("terminations", End::Terminal),
            ("truncations", End::Timeout),
        ] {
            let mut flags = vec![false; steps];
            flags[steps - 1] = episode.end == end;
            put(&group, name, &[steps], &flags);
        }
    }
}

fn batch<T: Float>(data: &Trajectories) -> Batch<T> {
    let config = SamplerConfig {
        context: 5,
        return_scale: 7.0,
        pct_traj: 0.9,
        ..SamplerConfig::default()
    };
    let sampler: Sampler<T> = Sampler::new(data, config).unwrap();
    let key = StreamKey::episode(RunSeed(3), EpisodeIx(0), Purpose::Training);
    let mut batch = sampler.room(64);
    sampler.sample(&mut key.open(), &mut batch);
    batch
}

#[test]
fn the_same_episodes_give_the_same_batches_from_every_format() {
    let place = tempfile::tempdir().unwrap();
    let data = invented();
    write_d4rl(&place.path().join("d4rl.hdf5"), &data);
    write_minari(&place.path().join("minari"), &data);
    write(&place.path().join("own.safetensors"), &data).unwrap();
    let d4rl = read_d4rl(&place.path().join("d4rl.hdf5"), 1000).unwrap();
    let minari = read_minari(&place.path().join("minari"), None).unwrap();
    let own = read(&place.path().join("own.safetensors")).unwrap();
    assert_eq!(minari.bounds, Some(Actions::cube(1, -1.0, 1.0)));
    let expected: Batch<f32> = batch(&data);
    for loaded in [&d4rl, &minari, &own] {
        let got: Batch<f32> = batch(&loaded.data);
        let bits = |numbers: &[f32]| numbers.iter().map(|n| n.to_bits()).collect::<Vec<u32>>();
        assert_eq!(bits(&got.states), bits(&expected.states));
        assert_eq!(bits(&got.returns_to_go), bits(&expected.returns_to_go));
        assert_eq!(got, expected);
    }
    // Where nothing is rounded they are the same but for D4RL, which keeps single precision.
    assert_eq!(batch::<f64>(&minari.data), batch::<f64>(&own.data));
    assert_ne!(batch::<f64>(&minari.data), batch::<f64>(&d4rl.data));
}

fn said(error: DataError) -> String {
    match error {
        DataError::In { source, .. } => source.to_string(),
        other => panic!("expected the path, got {other}"),
    }
}

#[test]
fn what_is_wrong_with_a_d4rl_file_is_said() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("set.hdf5");
    let fails = || said(read_d4rl(&path, 1000).unwrap_err());
    assert!(fails().contains("cannot be read"));
    fs::write(&path, b"no such thing").unwrap();
    assert!(fails().starts_with("HDF5"), "{}", fails());
    let data = invented();
    write_d4rl(&path, &data);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(fails().starts_with("HDF5"), "{}", fails());
    for missing in ["observations", "actions", "rewards", "terminals"] {
        write_d4rl(&path, &data);
        File::open_rw(&path).unwrap().unlink(missing).unwrap();
        assert_eq!(fails(), format!("array {missing} is missing"));
    }
    write_d4rl(&path, &data);
    {
        let file = File::open_rw(&path).unwrap();
        file.unlink("rewards").unwrap();
        let mut rewards = vec![0.5_f64; data.steps()];
        rewards[4] = f64::NAN;
        put(&file, "rewards", &[data.steps(), 1], &rewards);
    }
    let expected =
        "array rewards: expected finite numbers, got NaN in episode 2, step 0, dimension 0";
    assert_eq!(fails(), expected);
}

#[test]
fn without_timeouts_and_with_flags_as_numbers() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("set.hdf5");
    let data = invented();
    write_d4rl(&path, &data);
    {
        let file = File::open_rw(&path).unwrap();
        file.unlink("timeouts").unwrap();
        file.unlink("terminals").unwrap();
        let mut terminals = vec![0_u8; data.steps()];
        terminals[3] = 1;
        put(&file, "terminals", &[data.steps(), 1], &terminals);
    }
    let loaded = read_d4rl(&path, 6).unwrap();
    let lengths: Vec<usize> = loaded.data.iter().map(|e| e.steps()).collect();
    assert_eq!(lengths, [4, 6, 6, 6]);
    assert_eq!(loaded.warnings[0], Warning::NoTimeouts { most_steps: 6 });
    assert_eq!(loaded.warnings[1], Warning::Unfinished { steps: 1 });
}

#[test]
fn what_is_wrong_with_a_minari_folder_is_said() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("set");
    let fails = || said(read_minari(&folder, None).unwrap_err());
    assert!(fails().contains("cannot be read"));
    let data = invented();
    let rewrite = |change: &dyn Fn(&File)| {
        write_minari(&folder, &data);
        change(&File::open_rw(folder.join("data/main_data.hdf5")).unwrap());
        fails()
    };
    let short = rewrite(&|file| {
        let group = file.group("episode_2").unwrap();
        group.unlink("observations").unwrap();
        put(&group, "observations", &[12, 2], &[0.0; 24]);
    });
    let expected =
        "episode_2: array observations: expected shape [13, 2], one more than actions, got [12, 2]";
    assert_eq!(short, expected);
    let gone = rewrite(&|file| file.unlink("episode_1").unwrap());
    assert_eq!(
        gone,
        "expected the 4 episodes that the metadata name, got 3"
    );
    let none = rewrite(&|file| {
        file.group("episode_0")
            .unwrap()
            .unlink("truncations")
            .unwrap();
    });
    assert_eq!(none, "episode_0: array truncations is missing");
    let early = rewrite(&|file| {
        let group = file.group("episode_0").unwrap();
        group.unlink("terminations").unwrap();
        put(&group, "terminations", &[3], &[true, false, false]);
    });
    assert_eq!(
        early,
        "episode_0: expected 3 steps, but it terminates in step 0"
    );
    write_minari(&folder, &data);
    fs::write(
        folder.join("data/metadata.json"),
        r#"{"data_format": "arrow"}"#,
    )
    .unwrap();
    assert_eq!(fails(), "expected data_format \"hdf5\", got \"arrow\"");
}

/// Observations that are a dictionary, an episode without a step, and metadata where older versions keep them.
#[test]
fn dictionaries_empty_episodes_and_older_files() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("set");
    let data = invented();
    write_minari(&folder, &data);
    fs::remove_file(folder.join("data/metadata.json")).unwrap();
    let expected: Vec<f64> = {
        let file = File::open_rw(folder.join("data/main_data.hdf5")).unwrap();
        let id: VarLenUnicode = "older-v0".parse().unwrap();
        let attribute = file
            .new_attr::<VarLenUnicode>()
            .create("dataset_id")
            .unwrap();
        attribute.write_scalar(&id).unwrap();
        let total = file.new_attr::<i64>().create("total_episodes").unwrap();
        total.write_scalar(&5_i64).unwrap();
        for (number, episode) in data.iter().enumerate() {
            let group = file.group(&format!("episode_{number}")).unwrap();
            group.unlink("observations").unwrap();
            let inner = group.create_group("observations").unwrap();
            let rows = episode.steps() + 1;
            let seen = [episode.observations, episode.last.unwrap()].concat();
            put(&inner, "b", &[rows, 2], &seen);
            let one: Vec<f32> = (0..rows).map(|row| row as f32).collect();
            put(&inner, "a", &[rows], &one);
        }
        let group = file.create_group("episode_4").unwrap();
        let inner = group.create_group("observations").unwrap();
        put(&inner, "a", &[1], &[0.0]);
        put(&inner, "b", &[1, 2], &[0.0, 0.0]);
        put::<f64>(&group, "actions", &[0, 1], &[]);
        put::<f64>(&group, "rewards", &[0], &[]);
        put::<bool>(&group, "terminations", &[0], &[]);
        put::<bool>(&group, "truncations", &[0], &[]);
        let rows = data.iter().flat_map(|episode| {
            let rows = episode.observations.chunks(2).enumerate();
            rows.flat_map(|(row, seen)| [row as f64, seen[0], seen[1]])
                .collect::<Vec<f64>>()
        });
        rows.collect()
    };
    let loaded = read_minari(&folder, None).unwrap();
    assert_eq!(loaded.data.observations(), expected);
    assert_eq!(loaded.data.header().environment, "older-v0");
    assert_eq!(
        loaded.warnings,
        [Warning::EmptyEpisodes { count: 1, first: 4 }]
    );
    let part = read_minari(&folder, Some("b")).unwrap();
    assert_eq!(part.data.observations(), data.observations());
    let other = said(read_minari(&folder, Some("c")).unwrap_err());
    assert_eq!(other, "episode_0: array observations is missing");
}
