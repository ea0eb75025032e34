//! What is learned, and that it does not hang on how batches are cut.

use rounds_models::training::data::Layout;
use rounds_models::training::{
    DataConfig, LoraConfig, PluginConfig, Plugins, Schedule, TrainConfig, Trainable, Trainer,
};

use super::model::{Bigram, VOCABULARY, data, entropy};

fn config() -> TrainConfig {
    TrainConfig {
        steps: 300,
        micro_batch: 8,
        learning_rate: 0.03,
        weight_decay: 0.0,
        schedule: Schedule::Cosine {
            warmup: 10,
            floor: 0.0,
        },
        data: DataConfig {
            length: 32,
            held_out: 0.2,
            layout: Layout::Packed,
            ..DataConfig::default()
        },
        ..TrainConfig::default()
    }
}

#[test]
fn a_model_learns_its_language_to_the_entropy() {
    let model = Bigram::new();
    let config = config();
    let data = data(&config.data, 400, 32);
    let mut trainer = Trainer::new(&model, &data, config, &Plugins::default()).unwrap();
    let before = trainer.evaluate().unwrap().unwrap();
    let outcome = trainer.run().unwrap();
    let after = outcome.evaluation.unwrap();
    assert_eq!((outcome.step, after.step), (300, 300));
    assert!(before.loss > (VOCABULARY as f64).ln() - 0.2, "{before:?}");
    // The held-out mean of n tokens varies by at most its standard error; ln p has a deviation below 1.6 nats.
    let slack = 4.0 * 1.6 / (after.targets as f64).sqrt();
    assert!(
        (after.loss - entropy()).abs() < 0.05 + slack,
        "{after:?}, entropy {}",
        entropy()
    );
}

#[test]
fn micro_batches_give_the_step_of_one_batch() {
    let trained = |micro_batch, accumulation, objective: &str| {
        let model = Bigram::new();
        let config = TrainConfig {
            steps: 5,
            micro_batch,
            accumulation,
            learning_rate: 0.1,
            schedule: Schedule::Constant { warmup: 2 },
            clip: 0.5,
            optimizer: PluginConfig::named("sgd"),
            objective: PluginConfig::named(objective),
            data: DataConfig {
                layout: Layout::Padded,
                ..config().data
            },
            ..config()
        };
        let data = data(&config.data, 40, 20);
        let mut trainer = Trainer::new(&model, &data, config, &Plugins::default()).unwrap();
        let reports: Vec<_> = (0..5).map(|_| trainer.step().unwrap()).collect();
        (trainer.parameters().flat().unwrap(), reports)
    };
    for objective in ["token_mean", "example_mean"] {
        let (whole, reports) = trained(6, 1, objective);
        for (micro_batch, accumulation) in [(1, 6), (2, 3), (3, 2)] {
            let (parts, others) = trained(micro_batch, accumulation, objective);
            let furthest = whole
                .iter()
                .zip(&parts)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            assert!(
                furthest < 2e-6,
                "{objective} {micro_batch} x {accumulation}: {furthest}"
            );
            for (a, b) in reports.iter().zip(&others) {
                assert_eq!((a.targets, a.read, a.rate), (b.targets, b.read, b.rate));
                assert!((a.loss - b.loss).abs() < 1e-6 && (a.objective - b.objective).abs() < 1e-6);
                assert!(
                    (a.gradient_norm - b.gradient_norm).abs() < 1e-5,
                    "{a:?} {b:?}"
                );
            }
        }
    }
}

#[test]
fn the_objective_of_token_mean_is_the_loss() {
    let model = Bigram::new();
    let config = config();
    let data = data(&config.data, 40, 20);
    let mut trainer = Trainer::new(&model, &data, config, &Plugins::default()).unwrap();
    let report = trainer.step().unwrap();
    assert!((report.loss - report.objective).abs() < 1e-6, "{report:?}");
}

#[test]
fn an_adapter_starts_as_the_base_learns_and_merges() {
    let lora = LoraConfig {
        rank: 4,
        alpha: 8.0,
        targets: vec!["*.weight".into()],
    };
    let (base, model) = (Bigram::new(), Bigram::adapted(&lora));
    let tokens: Vec<u32> = (0..VOCABULARY as u32).collect();
    let logits = |model: &Bigram| {
        model
            .logits(&tokens)
            .unwrap()
            .to_vec2::<f32>()
            .unwrap()
            .concat()
    };
    assert_eq!(logits(&base), logits(&model));

    let config = TrainConfig {
        lora: Some(lora),
        ..config()
    };
    let data = data(&config.data, 400, 32);
    let mut trainer = Trainer::new(&model, &data, config, &Plugins::default()).unwrap();
    let before = trainer.evaluate().unwrap().unwrap().loss;
    let after = trainer.run().unwrap().evaluation.unwrap().loss;
    assert!(after < before - 0.8, "{before} {after}");
    assert_eq!(
        base.head.to_vec2::<f32>().unwrap(),
        model.head.to_vec2::<f32>().unwrap()
    );

    let adapted = logits(&model);
    let lora = model.lora.as_ref().unwrap();
    let named = |name: &str| match name {
        "embedding.weight" => Some(&base.embedding),
        "head.weight" => Some(&base.head),
        _ => None,
    };
    lora.merge_into(named).unwrap();
    for (merged, adapted) in logits(&base).iter().zip(&adapted) {
        assert!((merged - adapted).abs() < 1e-5, "{merged} {adapted}");
    }
    assert_eq!(base.parameters().len(), 3);
}
