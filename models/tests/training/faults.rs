//! What is refused, and what stops a run.

use std::fs;

use rounds_models::training::{
    CheckpointConfig, DataConfig, Event, Hook, Moment, PluginConfig, Plugins, TrainConfig,
    TrainError, Trainer, Verdict,
};

use super::model::{Bigram, data};

fn config() -> TrainConfig {
    TrainConfig {
        steps: 6,
        micro_batch: 2,
        data: DataConfig {
            length: 16,
            held_out: 0.0,
            ..DataConfig::default()
        },
        checkpoints: CheckpointConfig { every: 2, keep: 5 },
        ..TrainConfig::default()
    }
}

fn run(
    folder: &std::path::Path,
    config: TrainConfig,
    plugins: &Plugins,
) -> Result<u64, TrainError> {
    let model = Bigram::new();
    let data = data(&config.data, 20, 20);
    let mut trainer = Trainer::new(&model, &data, config, plugins)?.in_folder(folder);
    trainer.resume()?;
    Ok(trainer.run()?.step)
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("checkpoints")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Puts something that is not a number into the parameters after step 4.
struct Poison;

impl Hook for Poison {
    fn after_step(&mut self, moment: &mut Moment<'_>) -> Result<(), TrainError> {
        if moment.step == 4 {
            moment.parameters.edit(1, |values| values[3] = f32::NAN)?;
        }
        Ok(())
    }
}

#[test]
fn a_loss_that_is_not_a_number_stops_the_run_and_leaves_good_checkpoints() {
    let mut plugins = Plugins::default();
    plugins.add_hook("poison", |_| Ok(Box::new(Poison)));
    for (every, good, told) in [
        (3, "step-0000000003", "step 5: the loss is NaN"),
        (
            2,
            "step-0000000002",
            "step 4: a value of head.weight is NaN",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let config = TrainConfig {
            hooks: vec![PluginConfig::named("poison")],
            checkpoints: CheckpointConfig { every, keep: 1 },
            ..config()
        };
        assert_eq!(
            run(folder.path(), config, &plugins)
                .unwrap_err()
                .to_string(),
            told
        );
        assert_eq!(names(folder.path()), [good]);
    }
}

#[test]
fn a_checkpoint_of_another_run_is_refused_with_the_difference() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), config(), &Plugins::default()).unwrap();
    assert_eq!(
        names(folder.path()),
        ["step-0000000002", "step-0000000004", "step-0000000006"]
    );
    let told = |config: TrainConfig| {
        run(folder.path(), config, &Plugins::default())
            .unwrap_err()
            .to_string()
    };
    let other = told(TrainConfig {
        learning_rate: 0.5,
        ..config()
    });
    assert!(
        other
            .ends_with("belongs to another run: config.learning_rate is 0.0003 there and 0.5 here"),
        "{other}"
    );
    let other = told(TrainConfig {
        seed: 3,
        ..config()
    });
    assert!(
        other.ends_with("config.seed is 0 there and 3 here"),
        "{other}"
    );
    // How often checkpoints are kept does not change a run.
    let kept = TrainConfig {
        checkpoints: CheckpointConfig { every: 1, keep: 1 },
        ..config()
    };
    assert_eq!(run(folder.path(), kept, &Plugins::default()).unwrap(), 6);

    let model = Bigram::new();
    let data = data(&config().data, 19, 20);
    let mut trainer = Trainer::new(&model, &data, config(), &Plugins::default())
        .unwrap()
        .in_folder(folder.path());
    let told = trainer.resume().unwrap_err().to_string();
    assert!(
        told.contains("data.documents is 20 there and 19 here") && told.contains("data.sha256"),
        "{told}"
    );
}

#[test]
fn a_run_does_not_write_over_a_later_one() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), config(), &Plugins::default()).unwrap();
    let history = fs::read(folder.path().join("history.jsonl")).unwrap();
    let model = Bigram::new();
    let data = data(&config().data, 20, 20);
    let plugins = Plugins::default();
    let mut fresh = Trainer::new(&model, &data, config(), &plugins)
        .unwrap()
        .in_folder(folder.path());
    let told = fresh.run().unwrap_err().to_string();
    assert!(
        told.contains("step-0000000006: is later than step 0"),
        "{told}"
    );
    fresh
        .resume_from(&folder.path().join("checkpoints/step-0000000002"))
        .unwrap();
    let told = fresh.run().unwrap_err().to_string();
    assert!(told.contains("is later than step 2"), "{told}");
    assert_eq!(
        fs::read(folder.path().join("history.jsonl")).unwrap(),
        history
    );
}

#[test]
fn a_damaged_checkpoint_is_told() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), config(), &Plugins::default()).unwrap();
    let path = folder
        .path()
        .join("checkpoints/step-0000000006/parameters.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    let told = run(folder.path(), config(), &Plugins::default())
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("parameters.safetensors: its digest"),
        "{told}"
    );
    fs::remove_dir_all(folder.path().join("checkpoints/step-0000000006")).unwrap();
    assert_eq!(
        run(folder.path(), config(), &Plugins::default()).unwrap(),
        6
    );
}

#[test]
fn an_observer_stops_a_run_which_then_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let model = Bigram::new();
    let config = config();
    let data = data(&config.data, 20, 20);
    let mut told = Vec::new();
    let observer = |event: &Event| match event {
        Event::Step { report, .. } => {
            told.push(format!("step {}", report.step));
            if report.step == 3 {
                Verdict::Stop
            } else {
                Verdict::Continue
            }
        }
        Event::Saved { step, .. } => {
            told.push(format!("saved {step}"));
            Verdict::Continue
        }
        _ => Verdict::Continue,
    };
    let mut trainer = Trainer::new(&model, &data, config.clone(), &Plugins::default())
        .unwrap()
        .in_folder(folder.path())
        .observed_by(observer);
    let outcome = trainer.run().unwrap();
    assert!(outcome.stopped && outcome.step == 3 && outcome.evaluation.is_none());
    drop(trainer);
    assert_eq!(told, ["step 1", "step 2", "saved 2", "step 3", "saved 3"]);
    assert_eq!(run(folder.path(), config, &Plugins::default()).unwrap(), 6);
}

#[test]
fn a_run_that_cannot_fit_is_refused_before_it_starts() {
    let config = TrainConfig {
        memory_bytes: Some(10_000),
        ..config()
    };
    let folder = tempfile::tempdir().unwrap();
    let told = run(folder.path(), config, &Plugins::default())
        .unwrap_err()
        .to_string();
    assert!(
        told.starts_with("training needs about 13248 bytes (gradients 2400"),
        "{told}"
    );
}

#[test]
fn token_ids_that_the_model_does_not_know_are_refused() {
    let model = Bigram::new();
    let config = TrainConfig {
        data: DataConfig {
            pad: 12,
            ..config().data
        },
        ..config()
    };
    let data = data(&config.data, 20, 20);
    let told = Trainer::new(&model, &data, config, &Plugins::default())
        .err()
        .unwrap()
        .to_string();
    assert_eq!(told, "data.pad: expected a token id below 12, got 12");
}
