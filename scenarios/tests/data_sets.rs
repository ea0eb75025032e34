//! Data sets of episodes by the real binary: played, imported, checked, and refused where they are wrong.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use std::fs;
use std::path::Path;
use std::process::Command;

use rounds::environments::control::data::{End, Episode, Header, Trajectories, read, write};
use serde_json::Value;

/// Runs the program in `folder`, which ends with `code`; gives standard output and error.
#[track_caller]
fn ends(code: i32, folder: &Path, arguments: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_rounds"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, errors) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}\n{out}\n{errors}"
    );
    (out, errors)
}

/// Two episodes of three and two steps, whose second dimension never changes.
fn small() -> Trajectories {
    let header = Header {
        environment: "here".to_owned(),
        collector: "a test".to_owned(),
        ..Header::default()
    };
    let mut data = Trajectories::new(header, 2, 1).unwrap();
    for steps in [3, 2] {
        let seen: Vec<f64> = (0..steps).flat_map(|t| [f64::from(t), 7.0]).collect();
        let rewards = vec![1.0; steps as usize];
        data.push(Episode {
            observations: &seen,
            actions: &vec![-1.5; steps as usize],
            rewards: &rewards,
            end: End::Timeout,
            last: Some(&[9.0, 7.0]),
        })
        .unwrap();
    }
    data
}

/// Puts a number into an array of a file of single precision.
fn spoil(path: &Path, array: &str, at: usize, number: f32) {
    let mut bytes = fs::read(path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let head: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    assert_eq!(head[array]["dtype"], "F32");
    let start = 8 + length + head[array]["data_offsets"][0].as_u64().unwrap() as usize + 4 * at;
    bytes[start..start + 4].copy_from_slice(&number.to_le_bytes());
    fs::write(path, bytes).unwrap();
}

#[test]
fn all_levels_are_played_by_one_command() {
    let place = tempfile::tempdir().unwrap();
    let collect = |out: &str, seed: &str| {
        let arguments = [
            "data",
            "collect",
            "point-mass",
            "--out",
            out,
            "--episodes",
            "20",
            "--seed",
            seed,
        ];
        ends(0, place.path(), &arguments).0
    };
    let told = collect("a", "3");
    let mut scores = Vec::new();
    for level in [
        "random",
        "medium",
        "medium-replay",
        "expert",
        "medium-expert",
    ] {
        let file = place.path().join(format!("a/{level}.safetensors"));
        let data = read(&file).unwrap().data;
        assert_eq!((data.episodes(), data.steps()), (20, 20 * 50), "{level}");
        assert!(
            data.last_observations().is_some() && data.header().seeds == [3],
            "{level}"
        );
        let reference = data.header().reference.unwrap();
        let mean = data.returns().iter().sum::<f64>() / 20.0;
        scores.push(reference.score(mean));
        assert!(
            told.contains(&format!("# point-mass, played by {level}, ")),
            "{told}"
        );
        let (card, _) = ends(0, place.path(), &["data", "check", file.to_str().unwrap()]);
        assert!(
            card.contains("20 episodes, 1000 steps") && card.contains("## Returns"),
            "{card}"
        );
    }
    let [random, medium, replay, expert, both] = scores[..] else {
        panic!("{scores:?}");
    };
    assert!(
        random.abs() < 1e-9 && (expert - 100.0).abs() < 1e-9,
        "{scores:?}"
    );
    assert!(
        random < replay && medium < both && both < expert,
        "{scores:?}"
    );
    collect("b", "3");
    collect("c", "4");
    let bytes =
        |folder: &str| fs::read(place.path().join(folder).join("medium.safetensors")).unwrap();
    assert!(
        bytes("a") == bytes("b"),
        "the same seed gives the same bytes"
    );
    assert!(bytes("a") != bytes("c"), "another seed gives others");
}

#[test]
fn a_policy_that_learns_makes_the_levels_where_no_expert_is() {
    let place = tempfile::tempdir().unwrap();
    let arguments = [
        "data",
        "collect",
        "point-mass",
        "--out",
        "sets",
        "--episodes",
        "10",
        "--set",
        "data.kind=ars",
        "--set",
        "data.search={steps=20000, step=0.1, noise=0.1}",
        "--level",
        "expert",
        "--level",
        "random",
        "--level",
        "medium-replay",
        "--json",
    ];
    let (out, _) = ends(0, place.path(), &arguments);
    let cards: Value = serde_json::from_str(&out).unwrap();
    let mean = |at: usize| cards[at]["card"]["returns"]["mean"].as_f64().unwrap();
    assert_eq!(cards[2]["level"], "medium-replay");
    assert!(
        mean(0) > mean(1),
        "the policy that learnt is better than chance: {out}"
    );
    assert_eq!(
        cards[2]["card"]["episodes"].as_u64().unwrap() % 16,
        0,
        "whole iterations"
    );
    let (_, errors) = ends(
        2,
        place.path(),
        &[
            "data",
            "collect",
            "point-mass",
            "--out",
            "none",
            "--set",
            "data.kind=mixture",
        ],
    );
    assert!(errors.contains("have no levels"), "{errors}");
}

#[test]
fn wrong_words_of_collect_are_told() {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("full")).unwrap();
    fs::write(place.path().join("full/expert.safetensors"), "mine").unwrap();
    for (arguments, part) in [
        (
            &["pendulum", "--out", "x", "--level", "mediun"][..],
            "'medium'",
        ),
        (&["pendulun", "--out", "x"], "'pendulum'"),
        (
            &["pendulum", "--out", "x", "--episodes", "1"],
            "expected at least 2",
        ),
        (
            &["pendulum", "--out", "x", "--set", "data.episods=3"],
            "did you mean `episodes`",
        ),
        (
            &["pendulum", "--out", "x", "--set", "data.level=mediun"],
            "did you mean `medium`",
        ),
        (
            &["pendulum", "--out", "x", "--set", "environment.gravty=3"],
            "did you mean `gravity`",
        ),
        (
            &["pendulum", "--out", "full", "--level", "expert"],
            "is there already",
        ),
    ] {
        let arguments = [&["data", "collect"], arguments].concat();
        let (_, errors) = ends(2, place.path(), &arguments);
        assert!(errors.contains(part), "{arguments:?}: {errors}");
    }
    let kept = fs::read_to_string(place.path().join("full/expert.safetensors")).unwrap();
    assert_eq!(kept, "mine");
    assert!(!place.path().join("x").exists());
}

#[test]
fn oddities_are_told_and_are_no_errors() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("odd.safetensors");
    write(&file, &small()).unwrap();
    for command in [
        &["data", "check", "odd.safetensors"][..],
        &["check", "odd.safetensors"],
    ] {
        let (card, _) = ends(0, place.path(), command);
        for part in [
            "2 episodes, 5 steps; 0 ended by themselves, 2 were cut",
            "dimension 1 of the observations is always 7",
            "5 numbers of actions are outside -1 to 1, the first is -1.5 in episode 0, step 0, dimension 0",
            "2 warnings, no error",
        ] {
            assert!(card.contains(part), "{part}: {card}");
        }
    }
}

#[test]
fn the_first_offender_is_named() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("bad.safetensors");
    let told = |spoilt: &dyn Fn()| {
        write(&file, &small()).unwrap();
        spoilt();
        ends(2, place.path(), &["data", "check", "bad.safetensors"]).1
    };
    for (array, at, part) in [
        (
            "observations",
            7,
            "array observations: expected finite numbers, got NaN in episode 1, step 0, dimension 1",
        ),
        (
            "actions",
            2,
            "array actions: expected finite numbers, got NaN in episode 0, step 2, dimension 0",
        ),
        (
            "rewards",
            4,
            "array rewards: expected finite numbers, got NaN in episode 1, step 1",
        ),
        (
            "last_observations",
            3,
            "array last_observations: expected finite numbers, got NaN in episode 1, step 2, dimension 1",
        ),
    ] {
        let errors = told(&|| spoil(&file, array, at, f32::NAN));
        assert!(
            errors.contains("bad.safetensors") && errors.contains(part),
            "{part}: {errors}"
        );
    }
    let errors = told(&|| spoil(&file, "rewards", 0, 5.0));
    assert!(
        errors.contains("returns that the metadata names"),
        "{errors}"
    );
    let errors = told(&|| fs::write(&file, "").unwrap());
    assert!(errors.contains("not a safetensors file"), "{errors}");
    let errors = told(&|| {
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..bytes.len() - 3]).unwrap();
    });
    assert!(errors.contains("not a safetensors file"), "{errors}");
    // A scenario that learns from it says the same.
    let scenario = "schema = \"rounds.scenario/1\"\nname = \"bad\"\nagents.team.policy = \"bc\"\n\
        environment.kind = \"point-mass\"\n[data]\nkind = \"file\"\npath = \"bad.safetensors\"\n\
        [models.bc]\nkind = \"trajectory\"\narchitecture = \"bc\"\n\
        [policies.bc]\nkind = \"learned\"\nmodel = \"bc\"\n";
    fs::write(place.path().join("bad.toml"), scenario).unwrap();
    let (_, errors) = ends(
        2,
        place.path(),
        &["run", "bad.toml", "--quiet", "--out", "out"],
    );
    assert!(errors.contains("not a safetensors file"), "{errors}");
}

#[test]
fn episodes_of_a_run_become_a_data_set() {
    let place = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("pointmass.toml");
    let run = [
        "run",
        shipped.to_str().unwrap(),
        "--arm",
        "expert",
        "--quiet",
        "--out",
        "run",
        "--set",
        "episodes=3",
        "--set",
        "repeats=1",
    ];
    ends(0, place.path(), &run);
    let import = [
        "data",
        "import",
        "rounds",
        "run",
        "--out",
        "sets/run.safetensors",
    ];
    let (card, _) = ends(0, place.path(), &import);
    assert!(
        card.contains("# point-mass, played by expert of pointmass"),
        "{card}"
    );
    assert!(
        card.contains("3 episodes, 150 steps; 0 ended by themselves, 3 were cut"),
        "{card}"
    );
    let data = read(&place.path().join("sets/run.safetensors"))
        .unwrap()
        .data;
    assert!(data.header().reference.is_some() && data.header().seeds == [7]);
    // What is seen next follows from what was done: the velocity by the action, the place by the velocity.
    for episode in data.iter() {
        let rows: Vec<&[f64]> = episode.observations.chunks(4).chain(episode.last).collect();
        for (pair, action) in rows.windows(2).zip(episode.actions.chunks(2)) {
            for axis in 0..2 {
                let speed =
                    (pair[0][axis + 2] + 0.2 * action[axis].clamp(-1.0, 1.0)).clamp(-2.0, 2.0);
                assert!(
                    (pair[1][axis + 2] - speed).abs() < 1e-5,
                    "{pair:?} {action:?}"
                );
                assert!(
                    (pair[1][axis] - pair[0][axis] - 0.1 * speed).abs() < 1e-5,
                    "{pair:?}"
                );
            }
        }
        let [x, y, ..] = rows[0] else { panic!() };
        assert!(x.abs() <= 1.0 && y.abs() <= 1.0);
    }
    // The returns are those of the run's own table.
    let (scores, _) = ends(0, place.path(), &["score", "run", "--json"]);
    let summary: Value = serde_json::from_str(&scores).unwrap();
    let mean = data.returns().iter().sum::<f64>() / 3.0;
    let told = summary["arms"][0]["metrics"]["return"]["mean"].as_f64();
    assert!((told.unwrap() - mean).abs() < 1e-9, "{told:?} {mean}");
    let (_, errors) = ends(2, place.path(), &import);
    assert!(errors.contains("is there already"), "{errors}");
    // Runs of other families, and folders that are none.
    let ward = Path::new(env!("CARGO_MANIFEST_DIR")).join("ward.toml");
    ends(
        0,
        place.path(),
        &[
            "run",
            ward.to_str().unwrap(),
            "--quiet",
            "--episodes",
            "1",
            "--out",
            "ward",
        ],
    );
    for (run, out, part) in [
        (
            "ward",
            "b.safetensors",
            "expected at least one finished episode of a control environment",
        ),
        ("sets", "b.safetensors", "holds no finished run"),
        ("run", "b.npz", "ends with .safetensors"),
        ("runn", "b.safetensors", "did you mean"),
    ] {
        let (_, errors) = ends(
            2,
            place.path(),
            &["data", "import", "rounds", run, "--out", out],
        );
        assert!(errors.contains(part), "{part}: {errors}");
    }
}

/// The folder of data sets in HDF5 that the project keeps.
fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/trajectory/fixtures")
}

#[cfg(feature = "hdf5")]
#[test]
fn data_sets_in_hdf5_are_read() {
    let place = tempfile::tempdir().unwrap();
    let [d4rl, minari] = ["d4rl_tiny.hdf5", "minari_tiny"].map(|name| fixtures().join(name));
    for (kind, path) in [("d4rl", &d4rl), ("minari", &minari)] {
        let path = path.to_str().unwrap();
        let out = format!("{kind}.safetensors");
        let (card, _) = ends(
            0,
            place.path(),
            &["data", "import", kind, path, "--out", &out],
        );
        let (again, _) = ends(0, place.path(), &["data", "check", path]);
        let counted = card
            .lines()
            .find(|line| line.contains(" episodes, "))
            .unwrap();
        assert!(again.contains(counted), "{card} {again}");
        assert!(read(&place.path().join(&out)).is_ok());
    }
    let bytes = fs::read(&d4rl).unwrap();
    fs::write(place.path().join("cut.hdf5"), &bytes[..bytes.len() / 2]).unwrap();
    let (_, errors) = ends(2, place.path(), &["data", "check", "cut.hdf5"]);
    assert!(
        errors.contains("cut.hdf5") && errors.contains("HDF5"),
        "{errors}"
    );
    let (_, errors) = ends(
        2,
        place.path(),
        &["data", "import", "minari", ".", "--out", "x.safetensors"],
    );
    assert!(errors.contains("cannot be read"), "{errors}");
}

#[cfg(not(feature = "hdf5"))]
#[test]
fn builds_without_hdf5_say_how_to_build() {
    let place = tempfile::tempdir().unwrap();
    let [d4rl, minari] = ["d4rl_tiny.hdf5", "minari_tiny"].map(|name| fixtures().join(name));
    for (kind, path) in [("d4rl", &d4rl), ("minari", &minari)] {
        let path = path.to_str().unwrap();
        for arguments in [
            &["data", "import", kind, path, "--out", "x.safetensors"][..],
            &["data", "check", path],
        ] {
            let (_, errors) = ends(2, place.path(), arguments);
            assert!(
                errors.contains("cargo build --release --features hdf5"),
                "{errors}"
            );
        }
    }
}

#[cfg(not(feature = "mujoco"))]
#[test]
fn builds_without_mujoco_say_how_to_build() {
    let place = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("hopper.toml");
    let shipped = shipped.to_str().unwrap();
    // It can be read all the same: a mistake in it is told first.
    let wrong = ["check", shipped, "--set", "environment.step_limt=5"];
    let (_, errors) = ends(2, place.path(), &wrong);
    assert!(errors.contains("did you mean `step_limit`"), "{errors}");
    for arguments in [
        &["check", shipped][..],
        &["bench", shipped, "--quiet", "--out", "out"],
        &["data", "collect", "walker2d", "--out", "out"],
    ] {
        let (_, errors) = ends(2, place.path(), arguments);
        assert!(
            errors.contains("cargo build --release --features mujoco"),
            "{errors}"
        );
    }
}

#[cfg(feature = "mujoco")]
#[test]
fn bodies_are_played_and_have_no_expert() {
    let place = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("hopper.toml");
    let shipped = shipped.to_str().unwrap();
    let run = [
        "run",
        shipped,
        "--arm",
        "random",
        "--quiet",
        "--out",
        "run",
        "--set",
        "episodes=2",
        "--set",
        "repeats=1",
    ];
    ends(0, place.path(), &run);
    let (card, _) = ends(
        0,
        place.path(),
        &[
            "data",
            "import",
            "rounds",
            "run",
            "--out",
            "run.safetensors",
        ],
    );
    assert!(
        card.contains("# hopper, played by random of hopper") && card.contains("normalised score"),
        "{card}"
    );
    for (setting, part) in [
        (
            "policies.dt={kind=\"expert\"}",
            "nobody has written an expert",
        ),
        (
            "environment.models=\"none\"",
            "names nothing that can be read",
        ),
        ("environment.step_limit=0", "is out of range"),
    ] {
        let (_, errors) = ends(
            2,
            place.path(),
            &["run", shipped, "--quiet", "--out", "none", "--set", setting],
        );
        assert!(errors.contains(part), "{setting}: {errors}");
    }
    let levels = [
        "data",
        "collect",
        "hopper",
        "--out",
        "none",
        "--set",
        "data.kind=levels",
    ];
    let (_, errors) = ends(2, place.path(), &levels);
    assert!(errors.contains("nobody has written an expert"), "{errors}");
}
