//! Training: interrupted and not, and what it refuses.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Place;

/// Runs until the history has `lines`, then kills.
fn killed_after(place: &Place, folder: &str, lines: usize) {
    let mut child = place
        .command(&["train", "training.toml", "--quiet", "--out", folder])
        .spawn()
        .unwrap();
    let history = place.path(folder).join("history.jsonl");
    let began = Instant::now();
    loop {
        let written = fs::read_to_string(&history).unwrap_or_default();
        if written.lines().count() >= lines || child.try_wait().unwrap().is_some() {
            break;
        }
        assert!(
            began.elapsed() < Duration::from_secs(300),
            "no step in time"
        );
        std::thread::yield_now();
    }
    // It may have come to its end.
    let _ = child.kill();
    child.wait().unwrap();
}

#[test]
fn a_training_that_was_killed_ends_with_the_weights_of_one_that_was_not() {
    let whole = Place::new();
    let told = whole.works(&["train", "training.toml", "--out", "run"]);
    assert!(told.contains("held-out loss") && told.contains("not for clinical use"));
    let weights = fs::read(whole.path("tiny/model.safetensors")).unwrap();
    for lines in [2, 5, 9] {
        let place = Place::new();
        killed_after(&place, "run", lines);
        place.works(&["train", "training.toml", "--quiet", "--resume", "run"]);
        assert_eq!(
            fs::read(place.path("tiny/model.safetensors")).unwrap(),
            weights,
            "killed after {lines} lines"
        );
        assert_eq!(
            place.read("run/history.jsonl"),
            whole.read("run/history.jsonl")
        );
    }
    let summary: Value = serde_json::from_str(&whole.read("run/summary.json")).unwrap();
    assert_eq!(summary["schema"], "rounds.summary/1");
    let loss = &summary["arms"][0]["metrics"]["held_out_loss"];
    assert!(loss["ci95"][0].as_f64().unwrap() < loss["mean"].as_f64().unwrap());
    let report = whole.read("run/report.html");
    assert!(report.contains("<svg") && report.contains("not for clinical use"));
    let note: Value = serde_json::from_str(&whole.read("tiny/rounds_training.json")).unwrap();
    assert_eq!(
        (&note["schema"], &note["steps"]),
        (&"rounds.trained/1".into(), &12.into())
    );
}

#[test]
fn text_and_recorded_calls_can_be_trained_on_and_models_go_on_with_adapters() {
    let place = Place::new();
    let text: String = (0..400)
        .map(|k| format!("Line {k} of a text about {} apples.\n\n", k % 7))
        .collect();
    place.write("text.txt", text);
    let of = |data: &str, model: &str, more: &str| {
        format!(
            "schema = \"rounds.training/1\"\nname = \"t\"\nout = \"{more}\"\n[data]\n{data}\n[model]\n{model}\n\
             [training]\nsteps = 3\nmicro_batch = 2\ndata = {{ held_out = 0.2, length = 64 }}\n"
        )
    };
    let sizes = "vocabulary = 300\nlayers = 1\nhidden = 16\nheads = 2\ncontext = 64";
    place.write(
        "text.toml",
        of("kind = \"text\"\nfiles = [\"text.txt\"]", sizes, "first"),
    );
    place.works(&["train", "text.toml", "--quiet", "--out", "one"]);
    let adapter = "[training.lora]\nrank = 2\nalpha = 4.0\n";
    let on = of(
        "kind = \"text\"\nfiles = [\"text.txt\"]",
        "base = \"first\"",
        "second",
    );
    place.write("on.toml", format!("{on}{adapter}"));
    place.works(&["train", "on.toml", "--quiet", "--out", "two"]);
    let of = |name: &str| fs::read(place.path(name).join("model.safetensors")).unwrap();
    assert_eq!(of("first").len(), of("second").len());
    assert_ne!(of("first"), of("second"));
    let adapter: Value =
        serde_json::from_str(&place.read("two/adapter/adapter_config.json")).unwrap();
    assert_eq!(
        (&adapter["peft_type"], &adapter["r"]),
        (&"LORA".into(), &2.into())
    );
    assert!(place.path("two/adapter/adapter_model.safetensors").exists());
}

#[test]
fn mistakes_of_a_training_file_are_shown_where_they_are() {
    let place = Place::new();
    let with = |from: &str, to: &str| {
        place.write("training.toml", crate::TRAINING.replace(from, to));
        place.fails(2, &["train", "training.toml", "--out", "run"])
    };
    for (from, to, expected) in [
        ("steps = 12", "stepz = 12", "stepz"),
        ("steps = 12", "steps = 0", "expected 1"),
        ("heads = 2", "heads = 5", "divides `hidden`"),
        ("vocabulary = 600", "vocabulary = 3", "vocabulary"),
        (
            "scenario = \"ward.toml\"",
            "scenario = \"wart.toml\"",
            "did you mean",
        ),
        ("seed = 99\n", "", "seed = 1000003"),
        (
            "kind = \"demonstrations\"",
            "kind = \"demonstration\"",
            "did you mean",
        ),
        (
            "hidden = 32",
            "hidden = 32\nbase = \"tiny\"",
            "beside `base`",
        ),
        ("[training]", "[training]\nseed = 4", "stands at the top"),
        (
            "learning_rate = 0.003",
            "optimizer = { name = \"adam\" }",
            "adamw",
        ),
        (
            "rounds.training/1",
            "rounds.training/9",
            "rounds.training/1",
        ),
    ] {
        let told = with(from, to);
        assert!(told.contains(expected), "{to}: {told}");
    }
    assert!(!place.path("run").exists(), "nothing is made of a bad file");
}

/// What a reader says of the key `qqqq`: the keys that it lists.
fn listed(told: &str) -> BTreeSet<String> {
    let list = told
        .split("valid keys:")
        .nth(1)
        .unwrap_or_else(|| panic!("{told}"));
    list.split([',', ' '])
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_keys_of_a_training_file_are_those_of_its_schema() {
    let place = Place::new();
    let schema: Value = serde_json::from_str(&place.works(&["schema", "training"])).unwrap();
    let keys = |pointer: &str| -> BTreeSet<String> {
        let table = schema
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{pointer}"));
        table["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    place.write("text.txt", "a\n\nb");
    let text = "kind = \"text\"\nfiles = [\"text.txt\"]";
    let data = "kind = \"demonstrations\"\nscenario = \"ward.toml\"\nseed = 99\nepisodes = 12";
    let training = |line: &str| ("[training]\n".to_owned(), format!("[training]\n{line}\n"));
    // Each table with a key that no table has.
    for ((from, to), pointer, elsewhere) in [
        (
            (data.to_owned(), format!("{data}\nqqqq = 1")),
            "/properties/data/oneOf/0",
            "",
        ),
        (
            (data.to_owned(), format!("{text}\nqqqq = 1")),
            "/properties/data/oneOf/2",
            "",
        ),
        (
            ("layers = 2".to_owned(), "layers = 2\nqqqq = 1".to_owned()),
            "/properties/model/oneOf/1",
            "base",
        ),
        (training("qqqq = 1"), "/properties/training", "seed"),
        (
            training("lora = { qqqq = 1 }"),
            "/properties/training/properties/lora",
            "",
        ),
        (
            training("groups = [{ qqqq = 1 }]"),
            "/properties/training/properties/groups/items",
            "",
        ),
    ] {
        assert!(crate::TRAINING.contains(&from), "{from}");
        place.write("training.toml", crate::TRAINING.replace(&from, &to));
        let told = place.fails(2, &["check", "training.toml"]);
        let mut valid = listed(&told);
        valid.remove(elsewhere);
        assert_eq!(valid, keys(pointer), "{pointer}: {told}");
    }
}

#[test]
fn a_checkpoint_of_another_training_is_refused_and_a_loss_that_is_no_number_ends_it() {
    let place = Place::new();
    place.works(&["train", "training.toml", "--quiet", "--out", "run"]);
    let other = [
        "train",
        "training.toml",
        "--resume",
        "run",
        "--set",
        "training.learning_rate=0.1",
    ];
    let told = place.fails(2, &other);
    assert!(told.contains("learning_rate"), "{told}");
    let taken = place.fails(2, &["train", "training.toml", "--out", "run"]);
    assert!(taken.contains("not empty"), "{taken}");
    let wild = [
        "train",
        "training.toml",
        "--quiet",
        "--out",
        "wild",
        "--set",
        "training.learning_rate=1e30",
        "--set",
        "training.schedule={ kind = \"constant\" }",
        "--set",
        "training.checkpoints.every=1",
    ];
    let told = place.fails(1, &wild);
    assert!(
        told.contains("step") && told.contains("checkpoints before stay"),
        "{told}"
    );
    assert!(
        fs::read_dir(place.path("wild/checkpoints"))
            .unwrap()
            .count()
            > 0
    );
}
