//! A run that was killed and resumed ends with the bits of an uninterrupted one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::RngExt;
use rounds_models::training::data::Layout;
use rounds_models::training::{
    CheckpointConfig, DataConfig, Evaluation, EvaluationConfig, GroupConfig, Hook, LoraConfig,
    Moment, ParameterSet, PluginConfig, Plugins, State, TrainConfig, TrainError, Trainer, Values,
};

use super::model::{Bigram, data};

/// Noise on gradients, and decays that follow the evaluations: a hook with a state of its own.
#[derive(Default)]
struct Restless {
    losses: Vec<f64>,
}

impl Hook for Restless {
    fn before_step(&mut self, moment: &mut Moment<'_>) -> Result<(), TrainError> {
        let mut stream = moment.stream(0);
        for value in moment.gradients.get_mut(0).unwrap() {
            *value += 1e-3 * stream.random::<f32>();
        }
        Ok(())
    }

    fn after_evaluation(
        &mut self,
        moment: &mut Moment<'_>,
        evaluation: &Evaluation,
    ) -> Result<(), TrainError> {
        self.losses.push(evaluation.loss);
        let sum: f64 = self.losses.iter().sum();
        moment.groups.set_apart(moment.parameters, 1).weight_decay = 0.01 * sum;
        Ok(())
    }

    fn state(&self) -> State {
        let mut state = State::default();
        state.put("count", Values::U64(vec![self.losses.len() as u64]));
        state.put("losses", Values::F64(self.losses.clone()));
        state
    }

    fn load(&mut self, _: &ParameterSet, state: &State) -> Result<(), String> {
        let count = state.u64s("count", 1)?[0] as usize;
        self.losses = state.f64s("losses", count)?.to_vec();
        Ok(())
    }
}

/// Dies at the point numbered `at`: two for each step, before and after it.
struct Mortal {
    at: Arc<AtomicU64>,
}

impl Mortal {
    fn live(&self, point: u64) -> Result<(), TrainError> {
        if self.at.load(Ordering::SeqCst) == point {
            return Err(TrainError::Plugin {
                plugin: "mortal".into(),
                problem: "killed".into(),
            });
        }
        Ok(())
    }
}

impl Hook for Mortal {
    fn before_step(&mut self, moment: &mut Moment<'_>) -> Result<(), TrainError> {
        self.live(2 * moment.step)
    }

    fn after_step(&mut self, moment: &mut Moment<'_>) -> Result<(), TrainError> {
        self.live(2 * moment.step - 1)
    }
}

const NEVER: u64 = u64::MAX;

fn plugins(at: &Arc<AtomicU64>) -> Plugins {
    let mut plugins = Plugins::default();
    plugins.add_hook("restless", |_| Ok(Box::new(Restless::default())));
    let at = at.clone();
    plugins.add_hook("mortal", move |_| Ok(Box::new(Mortal { at: at.clone() })));
    plugins
}

fn config(optimizer: &str, layout: Layout) -> TrainConfig {
    TrainConfig {
        steps: 9,
        micro_batch: 3,
        accumulation: 2,
        learning_rate: 0.02,
        data: DataConfig {
            length: 12,
            held_out: 0.3,
            layout,
            ..DataConfig::default()
        },
        optimizer: toml::from_str(optimizer).unwrap(),
        evaluation: EvaluationConfig {
            every: 2,
            batches: 0,
        },
        checkpoints: CheckpointConfig { every: 3, keep: 2 },
        hooks: vec![
            PluginConfig::named("restless"),
            PluginConfig::named("mortal"),
        ],
        groups: vec![GroupConfig {
            name: "first".into(),
            parameters: vec!["*embedding*".into()],
            weight_decay: Some(0.3),
            rate: 0.5,
        }],
        ..TrainConfig::default()
    }
}

fn model(config: &TrainConfig) -> Bigram {
    config
        .lora
        .as_ref()
        .map_or_else(Bigram::new, Bigram::adapted)
}

/// Runs in `folder` from its newest checkpoint, or from the beginning.
fn attempt(folder: &Path, config: &TrainConfig, die_at: u64) -> Result<u64, TrainError> {
    let model = model(config);
    let data = data(&config.data, 24, 20);
    let plugins = plugins(&Arc::new(AtomicU64::new(die_at)));
    let mut trainer = Trainer::new(&model, &data, config.clone(), &plugins)?.in_folder(folder);
    trainer.resume()?;
    Ok(trainer.run()?.step)
}

/// All files of a folder.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

fn assert_same(folder: &Path, whole: &BTreeMap<String, Vec<u8>>, what: &str) {
    let found = files(folder);
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        whole.keys().collect::<Vec<_>>(),
        "{what}"
    );
    for (name, bytes) in &found {
        assert!(whole[name] == *bytes, "{what}: {name} differs");
    }
}

#[test]
fn every_interruption_ends_with_the_same_bits() {
    let mut adapted = config("name = 'adamw'\nbeta2 = 0.95", Layout::Packed);
    adapted.lora = Some(LoraConfig {
        rank: 2,
        alpha: 4.0,
        targets: vec!["*.weight".into()],
    });
    let configs = [
        config("name = 'adamw'", Layout::Padded),
        config("name = 'sgd'\nmomentum = 0.9", Layout::Packed),
        adapted,
    ];
    for config in configs {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(attempt(folder.path(), &config, NEVER).unwrap(), 9);
        let whole = files(folder.path());
        assert_eq!(
            whole.len(),
            7,
            "the history and two checkpoints: {:?}",
            whole.keys()
        );
        let lines = String::from_utf8(whole["history.jsonl"].clone())
            .unwrap()
            .lines()
            .count();
        assert_eq!(lines, 9 + 5);
        for point in 0..18 {
            let folder = tempfile::tempdir().unwrap();
            let error = attempt(folder.path(), &config, point).unwrap_err();
            assert_eq!(error.to_string(), "mortal: killed");
            assert_eq!(attempt(folder.path(), &config, NEVER).unwrap(), 9);
            assert_same(folder.path(), &whole, &format!("killed at {point}"));
        }
        // Killed again and again, with half a line and half a checkpoint left behind.
        let folder = tempfile::tempdir().unwrap();
        for point in [1, 8, 4, 13, 17] {
            let died = attempt(folder.path(), &config, point).is_err();
            assert_eq!(died, point != 4, "{point}: the checkpoint is past 4");
            if !died {
                break;
            }
            let partial = folder.path().join("checkpoints/.partial");
            fs::create_dir_all(&partial).unwrap();
            fs::write(partial.join("parameters.safetensors"), "half").unwrap();
            let history = folder.path().join("history.jsonl");
            let mut text = fs::read(&history).unwrap();
            text.extend(b"{\"step\":{\"step\":9");
            fs::write(history, text).unwrap();
        }
        attempt(folder.path(), &config, NEVER).unwrap();
        assert_same(folder.path(), &whole, "killed again and again");
    }
}

/// Prints a digest of a trained model; run on its own by the next test.
#[test]
fn bits_of_a_run() {
    let config = TrainConfig {
        steps: 3,
        micro_batch: 200,
        ..config("name = 'adamw'", Layout::Padded)
    };
    let model = model(&config);
    let data = data(&config.data, 500, 20);
    let plugins = plugins(&Arc::new(AtomicU64::new(NEVER)));
    let mut trainer = Trainer::new(&model, &data, config, &plugins).unwrap();
    trainer.run().unwrap();
    let bits: Vec<String> = trainer
        .parameters()
        .flat()
        .unwrap()
        .iter()
        .map(|value| format!("{:08x}", value.to_bits()))
        .collect();
    assert!(bits.len() > 100);
    // The harness takes what is printed; a file is the way out.
    if let Ok(path) = std::env::var("ROUNDS_TEST_BITS") {
        fs::write(path, bits.concat()).unwrap();
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let run = |threads: u32| {
        let path = folder.path().join(threads.to_string());
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "resuming::bits_of_a_run"])
            .env("RAYON_NUM_THREADS", threads.to_string())
            .env("ROUNDS_TEST_BITS", &path)
            .output()
            .unwrap();
        assert!(
            status.status.success(),
            "{}",
            String::from_utf8_lossy(&status.stdout)
        );
        fs::read(path).unwrap()
    };
    let one = run(1);
    for threads in [2, 4] {
        assert!(run(threads) == one, "{threads} threads");
    }
}
