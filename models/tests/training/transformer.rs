//! A transformer that is trained whole and by an adapter.

use candle_core::Device;
use rounds_environments::streams::RunSeed;
use rounds_models::local::transformer::{Initial, Parameters, TransformerConfig};
use rounds_models::training::data::Layout;
use rounds_models::training::{
    Batch, CausalLm, DataConfig, Document, Lora, LoraConfig, Pass, Plugins, Schedule, TrainConfig,
    Trainable, Trainer, TrainingData,
};

fn model() -> (TransformerConfig, Parameters) {
    let json = serde_json::json!({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 20, "hidden_size": 32,
        "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
        "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "max_position_embeddings": 64, "hidden_act": "silu",
        "tie_word_embeddings": true,
    });
    let config = TransformerConfig::from_hf(&json).unwrap();
    let initial = Initial {
        deviation: 0.2,
        ..Initial::default()
    };
    let parameters = Parameters::random(&config, 5, initial, &Device::Cpu).unwrap();
    (config, parameters)
}

/// Four tokens, then the same four once more: the second half, in the loss, follows from the first.
fn data(config: &DataConfig) -> TrainingData {
    let document = |number: u32| {
        let word: Vec<u32> = (0..4)
            .map(|i| 1 + (number / 3_u32.pow(i)) % 3 + 3 * i)
            .collect();
        let mut document =
            Document::plain(number.to_string(), [word.clone(), vec![19], word].concat());
        document.in_loss[..5].fill(false);
        document
    };
    TrainingData::new(config.clone(), (0..81).map(document).collect()).unwrap()
}

fn config(steps: u64) -> TrainConfig {
    TrainConfig {
        steps,
        micro_batch: 8,
        accumulation: 2,
        learning_rate: 0.01,
        weight_decay: 0.0,
        schedule: Schedule::Linear {
            warmup: 5,
            floor: 0.1,
        },
        data: DataConfig {
            length: 16,
            held_out: 0.2,
            layout: Layout::Padded,
            ..DataConfig::default()
        },
        ..TrainConfig::default()
    }
}

fn lora() -> LoraConfig {
    LoraConfig {
        rank: 4,
        alpha: 16.0,
        targets: vec!["*_proj.weight".into()],
    }
}

fn trained(model: &CausalLm, steps: u64) -> (f64, f64) {
    let config = config(steps);
    let data = data(&config.data);
    let mut trainer = Trainer::new(model, &data, config, &Plugins::default()).unwrap();
    let before = trainer.evaluate().unwrap().unwrap().loss;
    (before, trainer.run().unwrap().evaluation.unwrap().loss)
}

#[test]
fn a_transformer_learns_to_copy_words_it_has_never_seen() {
    let (config, parameters) = model();
    let model = CausalLm::new(config, parameters).unwrap();
    let (before, after) = trained(&model, 120);
    // Without copying, a token of the second half is one of three: ln 3 = 1.099 nats.
    assert!(before > 2.0 && after < 0.3, "{before} {after}");
}

#[test]
fn an_adapter_starts_as_the_base_learns_and_merges() {
    let (config, parameters) = model();
    let before = parameters.copied().unwrap();
    let base = CausalLm::new(config.clone(), before.clone()).unwrap();
    let model = CausalLm::adapted(config.clone(), parameters.clone(), &lora(), RunSeed(2)).unwrap();
    let batch = {
        let data = data(&self::config(1).data);
        let rows = data.rows(RunSeed(0), 0);
        Batch::new(&data, &rows[..6])
    };
    let losses = |model: &CausalLm| {
        let pass = model.forward(&batch, Pass::Evaluation).unwrap();
        pass.losses().to_vec()
    };
    // Layers with adapters are not fused, which rounds otherwise.
    for (base, model) in losses(&base).iter().zip(losses(&model)) {
        assert!((base - model).abs() < 1e-5, "{base} {model}");
    }

    let (first, last) = trained(&model, 120);
    assert!(last < 0.6 * first, "{first} {last}");
    for (name, var) in before.iter() {
        let values = |var: &candle_core::Var| var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(values(var), values(parameters.get(name).unwrap()), "{name}");
    }

    let adapted = losses(&model);
    let folder = tempfile::tempdir().unwrap();
    model.lora().unwrap().save(folder.path(), "base").unwrap();
    let shapes: Vec<_> = before
        .iter()
        .map(|(name, var)| (name.to_owned(), var.dims().to_vec()))
        .collect();
    let read = Lora::load(folder.path(), &shapes).unwrap();
    assert_eq!(losses(&base.with_adapter(read).unwrap()), adapted);

    let merged = CausalLm::new(config, model.into_parameters().unwrap()).unwrap();
    for (merged, adapted) in losses(&merged).iter().zip(&adapted) {
        assert!((merged - adapted).abs() < 1e-4, "{merged} {adapted}");
    }
}

#[test]
fn an_adapter_of_the_embedding_is_refused() {
    let (config, parameters) = model();
    let lora = LoraConfig {
        targets: vec!["*embed_tokens.weight".into()],
        ..lora()
    };
    let told = CausalLm::adapted(config, parameters, &lora, RunSeed(0))
        .unwrap_err()
        .to_string();
    assert_eq!(
        told,
        "lora.targets: expected linear layers, got model.embed_tokens.weight"
    );
}

#[test]
fn a_checkpoint_of_another_base_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(10);
    let data = data(&config.data);
    let resumed = |parameters: Parameters| {
        let model = CausalLm::adapted(model().0, parameters, &lora(), RunSeed(2)).unwrap();
        let mut trainer = Trainer::new(&model, &data, config.clone(), &Plugins::default())
            .unwrap()
            .in_folder(folder.path());
        let resumed = trainer.resume();
        trainer.save().unwrap();
        resumed
    };
    assert_eq!(resumed(model().1).unwrap(), None);
    assert_eq!(resumed(model().1).unwrap(), Some(0));
    let other = Parameters::random(&model().0, 6, Initial::default(), &Device::Cpu).unwrap();
    assert!(
        resumed(other)
            .unwrap_err()
            .to_string()
            .contains("model.frozen_sha256")
    );
}

#[test]
fn rows_longer_than_the_context_are_refused() {
    let (config, parameters) = model();
    let model = CausalLm::new(config, parameters).unwrap();
    let config = TrainConfig {
        data: DataConfig {
            length: 65,
            ..DataConfig::default()
        },
        ..self::config(10)
    };
    let data = data(&config.data);
    let told = Trainer::new(&model, &data, config, &Plugins::default())
        .err()
        .unwrap()
        .to_string();
    assert_eq!(
        told,
        "data.length: expected at most the model's context of 64, got 65"
    );
}
