//! Episodes that models cannot learn from.

use std::fs;
use std::path::Path;

use rounds::environments::control::data::{End, Episode, Header, Trajectories, write};

use super::{SMALL, place, refuses, says, text, words};

/// `[data]` of the small scenario.
const DATA: &str =
    "kind = \"mixture\"\nparts = [{ random = 0.0, episodes = 6 }, { random = 1.0, episodes = 6 }]";

/// What is said of the small scenario with other data, and other lines.
#[track_caller]
fn refused(data: &str, more: &[&str], parts: &[&str]) {
    assert!(SMALL.contains(DATA));
    let (folder, file) = place("");
    fs::write(&file, SMALL.replacen(DATA, data, 1)).unwrap();
    let out = folder.path().join("out");
    let more: Vec<&str> = more.iter().flat_map(|set| ["--set", set]).collect();
    let command = ["run", text(&file), "--out", text(&out)];
    let told = refuses(&[&command, &more[..]].concat());
    for part in parts {
        assert!(told.contains(&words(part)), "{data}, {part}: {told}");
    }
    assert!(!told.contains("training dt"), "nothing is trained: {told}");
    assert!(!out.exists());
}

/// A number that nothing else in the data is.
const MARK: f64 = 0.123_456_789_012_345;

/// A data set of three episodes of four steps, with `mark` as a number of the second.
fn data(path: &Path, observation: usize, action: usize) {
    let header = Header {
        environment: "point-mass".to_owned(),
        ..Header::default()
    };
    let mut data = Trajectories::new(header, observation, action).unwrap();
    for episode in 0..3 {
        let mut observations: Vec<f64> = (0..4 * observation)
            .map(|at| 0.5 + at as f64 / 8.0)
            .collect();
        if episode == 1 {
            observations[2 * observation + observation - 1] = MARK;
        }
        data.push(Episode {
            observations: &observations,
            actions: &vec![0.25; 4 * action],
            rewards: &[-1.0; 4],
            end: End::Timeout,
            last: None,
        })
        .unwrap();
    }
    write(path, &data).unwrap();
}

fn file_of(path: &Path) -> String {
    format!("kind = \"file\"\npath = {:?}", text(path))
}

#[test]
fn a_file_is_learnt_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.safetensors");
    data(&path, 4, 2);
    let (place, file) = place("");
    fs::write(&file, SMALL.replacen(DATA, &file_of(&path), 1)).unwrap();
    let out = place.path().join("out");
    let (_, told) = says(&["run", text(&file), "--out", text(&out)]);
    assert!(told.contains("training dt, 1 of 2: step 4 of 4"), "{told}");
    // Another file under the same name is another run.
    data(&path, 4, 2);
    says(&["run", text(&file), "--resume", text(&out)]);
    fs::write(&path, [fs::read(&path).unwrap(), vec![b' ']].concat()).unwrap();
    let told = refuses(&["run", text(&file), "--resume", text(&out)]);
    assert!(told.contains("set of data"), "{told}");
}

#[test]
fn a_number_that_is_none_is_named_by_episode_step_and_dimension() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.safetensors");
    data(&path, 4, 2);
    let mut bytes = fs::read(&path).unwrap();
    let mark = MARK.to_le_bytes();
    let found: Vec<usize> = (0..bytes.len() - 8)
        .filter(|at| bytes[*at..][..8] == mark)
        .collect();
    let [at] = found[..] else {
        panic!("one mark, got {found:?}");
    };
    for (number, word) in [(f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        bytes[at..][..8].copy_from_slice(&number.to_le_bytes());
        fs::write(&path, &bytes).unwrap();
        refused(
            &file_of(&path),
            &[],
            &[
                "data.safetensors",
                &format!("expected finite numbers, got {word} in episode 1, step 2, dimension 3"),
            ],
        );
    }
}

#[test]
fn files_that_are_not_there_or_of_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.safetensors");
    refused(
        &file_of(&path),
        &[],
        &["`data.path`", "small.toml:13:8", "which is not there"],
    );
    data(&path, 3, 1);
    refused(
        &file_of(&path),
        &[],
        &[
            "data.safetensors: the data are of observations of 3 numbers and actions of 1",
            "point-mass has 4 and 2",
        ],
    );
    fs::write(&path, "no data at all").unwrap();
    refused(&file_of(&path), &[], &["data.safetensors: "]);
    data(&path, 4, 2);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 16]).unwrap();
    refused(&file_of(&path), &[], &["data.safetensors: "]);
    fs::write(&path, "").unwrap();
    refused(&file_of(&path), &[], &["data.safetensors: "]);
    data(&path, 4, 2);
    for key in ["seed = 3", "keep = \"kept.safetensors\""] {
        let (name, _) = key.split_once(' ').unwrap();
        refused(
            &format!("{}\n{key}", file_of(&path)),
            &[],
            &[
                &format!("`data.{name}`"),
                "nothing is played for what is read",
            ],
        );
    }
}

#[test]
fn what_is_to_be_played_is_checked_before() {
    for (data, parts) in [
        (
            "kind = \"mixtur\"",
            &["`data.kind`", "small.toml:12:8", "did you mean `mixture`?"][..],
        ),
        ("", &["`data.kind` is missing"]),
        ("kind = \"file\"", &["`data.path` is missing"]),
        (
            "kind = \"levels\"\nlevel = \"expertt\"",
            &[
                "unknown value of `data.level`",
                "small.toml:13:9",
                "did you mean `expert`?",
            ],
        ),
        (
            "kind = \"ars\"\nlevel = \"expertt\"",
            &["`data.level`", "small.toml:13:9", "did you mean `expert`?"],
        ),
        (
            "kind = \"mixture\"\nparts = []",
            &["`data.parts`", "small.toml:13:9", "at least one episode"],
        ),
        (
            "kind = \"mixture\"\nparts = [{ random = 2, episodes = 1 }]",
            &["`data.parts[0].random`", "a share from 0 to 1, got 2"],
        ),
        (
            "kind = \"mixture\"\nnoise = -1",
            &["`data.noise`", "small.toml:13:9", "got -1"],
        ),
        (
            "kind = \"mixture\"\nnois = 1",
            &["small.toml:13:1", "did you mean `noise`?"],
        ),
        (
            "kind = \"ars\"\nepisodes = 0",
            &["`data.episodes`", "small.toml:13:12", "got 0"],
        ),
        (
            "kind = \"ars\"\nnoise = -1",
            &["`data.noise`", "small.toml:13:9", "got -1"],
        ),
        (
            "kind = \"levels\"\nepisodes = 0",
            &["`data.", "small.toml:13"],
        ),
    ] {
        refused(data, &[], parts);
    }
}

#[test]
fn a_model_that_has_nothing_to_learn_from_is_told_where_it_is_wanted() {
    let (_folder, file) = place("");
    let without = SMALL.replacen(&format!("[data]\n{DATA}\n"), "", 1);
    assert!(!without.contains("[data]"));
    fs::write(&file, &without).unwrap();
    for command in ["run", "check"] {
        let told = refuses(&[command, text(&file)]);
        for part in [
            "`policies.dt` learns from `[data]`, which is missing",
            "small.toml:48:9",
            "add a table `[data]`",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
    // Who learns nothing needs none.
    let (out, _) = says(&["check", text(&file), "--set", "agents.team.policy=expert"]);
    assert!(out.contains("no fault found"), "{out}");
}

#[test]
fn a_score_needs_a_scale() {
    // Nothing can be done here, so that the expert earns no more than chance.
    for target in ["target_score = 100", "choose_scores = [50, 100]", ""] {
        let (folder, file) = place("");
        fs::write(&file, SMALL.replacen("target_score = 100", target, 1)).unwrap();
        let out = folder.path().join("out");
        let command = ["run", text(&file), "--out", text(&out)];
        let still = ["--set", "environment.push=0"];
        let told = refuses(&[&command[..], &still].concat());
        for part in [
            "model dt",
            "a target score needs a scale",
            "`target_return`",
        ] {
            assert!(told.contains(part), "{target}, {part}: {told}");
        }
        assert!(!told.contains("training dt"), "{told}");
        assert!(!out.exists());
    }
    let (folder, file) = place("");
    let out = folder.path().join("out");
    let wanted = SMALL.replacen("target_score = 100", "target_return = -3", 1);
    fs::write(&file, wanted).unwrap();
    let (found, _) = says(&[
        "run",
        text(&file),
        "--json",
        "--out",
        text(&out),
        "--set",
        "environment.push=0",
    ]);
    let summary: rounds::statistics::Summary = serde_json::from_str(&found).unwrap();
    let metrics = &summary.arms[0].metrics;
    assert_eq!(metrics["target"]["mean"], -3.0);
    assert!(!metrics.contains_key("score") && metrics["return"]["mean"].is_f64());
}

#[test]
fn data_from_elsewhere_are_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.safetensors");
    data(&path, 4, 2);
    let before = fs::read(&path).unwrap();
    let keep = format!("{DATA}\nkeep = {:?}", text(&path));
    refused(&keep, &[], &["mine.safetensors: holds data from elsewhere"]);
    assert!(fs::read(&path).unwrap() == before);
    // What was kept is found again, and is made anew where other episodes are asked for.
    fs::remove_file(&path).unwrap();
    let (place, file) = place("");
    fs::write(&file, SMALL.replacen(DATA, &keep, 1)).unwrap();
    let run = |name: &str, more: &[&str]| {
        let out = place.path().join(name);
        let command = ["run", text(&file), "--quiet", "--out", text(&out)];
        says(&[&command, more].concat());
        (
            fs::read(out.join("events.jsonl")).unwrap(),
            fs::read(&path).unwrap(),
        )
    };
    let first = run("first", &[]);
    assert!(run("second", &[]) == first);
    let (events, kept) = run("third", &["--set", "data.seed=8"]);
    assert!(events != first.0 && kept != first.1);
}
