//! Trajectory models in the project's own training loop.

use rand::RngExt;
use rounds_environments::control::data::{End, Episode, Header, SamplerConfig, Trajectories};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use rounds_models::training::{
    CheckpointConfig, Event, LoraConfig, Plugins, Schedule, TrainConfig, TrainError, Trainer,
    Verdict,
};
use rounds_models::trajectory::{
    Episodes, Parameters, Threads, TrainableTrajectory, TrajectoryConfig, TrajectoryModel,
};

use crate::small;

/// Episodes of 1 to 15 steps whose action is a function of what is seen.
fn data(config: &TrajectoryConfig) -> Trajectories {
    let sizes = (config.observation, config.action);
    let mut data = Trajectories::new(Header::default(), sizes.0, sizes.1).unwrap();
    let mut stream = StreamKey::episode(RunSeed(3), EpisodeIx(0), Purpose::Custom).open();
    for episode in 0..30 {
        let steps = 1 + episode % 15;
        let seen: Vec<f64> = (0..steps * sizes.0)
            .map(|_| stream.random_range(-1.0..1.0))
            .collect();
        let done: Vec<f64> = seen
            .chunks_exact(sizes.0)
            .flat_map(|seen| (0..sizes.1).map(|at| 0.8 * seen[at]).collect::<Vec<_>>())
            .collect();
        let rewards: Vec<f64> = (0..steps).map(|_| stream.random_range(0.0..1.0)).collect();
        data.push(Episode {
            observations: &seen,
            actions: &done,
            rewards: &rewards,
            end: End::Timeout,
            last: None,
        })
        .unwrap();
    }
    data
}

fn train_config(config: &TrajectoryConfig, steps: u64) -> TrainConfig<SamplerConfig> {
    TrainConfig {
        seed: 5,
        steps,
        micro_batch: 16,
        learning_rate: 3e-3,
        weight_decay: 1e-4,
        clip: 0.25,
        schedule: Schedule::Constant { warmup: 3 },
        data: SamplerConfig {
            context: config.context,
            return_scale: 5.0,
            max_ep_len: 30,
            ..SamplerConfig::default()
        },
        checkpoints: CheckpointConfig { every: 4, keep: 2 },
        ..TrainConfig::default()
    }
}

fn trainable(config: &TrajectoryConfig, threads: usize) -> TrainableTrajectory {
    TrainableTrajectory::new(
        TrajectoryModel::new(config.clone()).unwrap(),
        Parameters::random(config, RunSeed(9)).unwrap(),
        Threads::new(threads),
    )
}

fn bits(model: &TrainableTrajectory) -> Vec<u32> {
    let parameters = model.snapshot();
    let all = parameters.values().iter().flatten();
    all.map(|value| value.to_bits()).collect()
}

#[test]
fn a_training_that_stopped_goes_on_to_the_same_bits_for_any_number_of_threads() {
    for (name, config) in small::all() {
        let data = data(&config);
        let train = train_config(&config, 14);
        let episodes = Episodes::new(&data, train.data.clone(), "small").unwrap();
        let whole = trainable(&config, 1);
        let mut trainer =
            Trainer::new(&whole, &episodes, train.clone(), &Plugins::default()).unwrap();
        trainer.run().unwrap();
        drop(trainer);

        let folder = tempfile::tempdir().unwrap();
        let first = trainable(&config, 2);
        let mut steps = 0;
        let trainer = Trainer::new(&first, &episodes, train.clone(), &Plugins::default());
        let mut trainer = trainer
            .unwrap()
            .in_folder(folder.path())
            .observed_by(|event: &Event| {
                steps += u32::from(matches!(event, Event::Step { .. }));
                match steps {
                    9 => Verdict::Stop,
                    _ => Verdict::Continue,
                }
            });
        assert!(trainer.run().unwrap().stopped);
        drop(trainer);
        let second = trainable(&config, 3);
        let trainer = Trainer::new(&second, &episodes, train, &Plugins::default());
        let mut trainer = trainer.unwrap().in_folder(folder.path());
        assert_eq!(trainer.resume().unwrap(), Some(9));
        trainer.run().unwrap();
        drop(trainer);
        assert_ne!(bits(&first), bits(&second), "{name}");
        assert_eq!(bits(&whole), bits(&second), "{name}");
    }
}

#[test]
fn models_learn_what_an_expert_does() {
    for (name, config) in small::all() {
        let config = TrajectoryConfig {
            dropout: 0.0,
            embedding_dropout: 0.0,
            ..config
        };
        let data = data(&config);
        let train = train_config(&config, 250);
        let episodes = Episodes::new(&data, train.data.clone(), "small").unwrap();
        let model = trainable(&config, 1);
        let mut losses = Vec::new();
        let trainer = Trainer::new(&model, &episodes, train, &Plugins::default());
        let mut trainer = trainer.unwrap().observed_by(|event: &Event| {
            if let Event::Step { report, .. } = event {
                losses.push(report.loss);
            }
            Verdict::Continue
        });
        trainer.run().unwrap();
        drop(trainer);
        let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
        let (before, after) = (mean(&losses[..5]), mean(&losses[240..]));
        assert!(after < 0.3 * before, "{name}: {before} {after}");
    }
}

#[test]
fn what_does_not_fit_is_told_before_anything_is_trained() {
    let (_, config) = small::all().swap_remove(0);
    let train = train_config(&config, 3);
    let told =
        |config: &TrajectoryConfig, train: TrainConfig<SamplerConfig>, data: &Trajectories| {
            let episodes = Episodes::new(data, train.data.clone(), "small").unwrap();
            let model = trainable(config, 1);
            match Trainer::new(&model, &episodes, train, &Plugins::default()) {
                Ok(_) => panic!("it was taken"),
                Err(error) => error.to_string(),
            }
        };
    let data = data(&config);
    let other = TrajectoryConfig {
        observation: 4,
        ..config.clone()
    };
    assert!(told(&other, train.clone(), &data).starts_with("observation: expected 4"));
    let mut longer = train.clone();
    longer.data.context = 7;
    assert!(told(&config, longer, &data).starts_with("data.context: expected 6"));
    let mut adapted = train.clone();
    adapted.lora = Some(LoraConfig::default());
    assert!(told(&config, adapted, &data).starts_with("lora"));
    let mut unscaled = train.clone();
    unscaled.data.return_scale = 0.0;
    let episodes = Episodes::new(&data, unscaled.data.clone(), "small");
    assert!(episodes.unwrap_err().to_string().contains("return_scale"));

    let episodes = Episodes::new(&data, train.data.clone(), "small").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let model = trainable(&config, 1);
    let trainer = Trainer::new(&model, &episodes, train.clone(), &Plugins::default());
    trainer.unwrap().in_folder(folder.path()).run().unwrap();
    let others = Episodes::new(&data, train.data.clone(), "others").unwrap();
    let again = Trainer::new(&model, &others, train, &Plugins::default());
    let error = again
        .unwrap()
        .in_folder(folder.path())
        .resume()
        .unwrap_err();
    assert!(matches!(error, TrainError::OtherRun { .. }), "{error}");
}
