//! Tokens a second and peak memory of training a random transformer.
//!
//! `cargo run --release -p rounds-models --features local --example trainer_speed -- [layers] [width] [vocabulary] [rows] [length] [rank]`;
//! a rank trains an adapter on all linear layers of the blocks, 0 the whole model.

#[expect(clippy::print_stdout, reason = "an example prints what it measured")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use candle_core::Device;
    use rounds_environments::streams::RunSeed;
    use rounds_models::local::transformer::{Initial, Parameters, TransformerConfig};
    use rounds_models::training::{
        CausalLm, DataConfig, Document, Event, LoraConfig, Plugins, TrainConfig, Trainable,
        Trainer, TrainingData, Verdict,
    };

    let numbers: Vec<usize> = std::env::args()
        .skip(1)
        .map(|arg| arg.parse())
        .collect::<Result<_, _>>()?;
    let number = |at: usize, default: usize| numbers.get(at).copied().unwrap_or(default);
    let (layers, width, vocabulary) = (number(0, 6), number(1, 384), number(2, 8000));
    let (rows, length, rank) = (number(3, 4), number(4, 256), number(5, 0));
    let config = TransformerConfig::from_hf(&serde_json::json!({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": vocabulary,
        "hidden_size": width, "intermediate_size": width * 8 / 3 / 32 * 32, "num_hidden_layers": layers,
        "num_attention_heads": width / 64, "num_key_value_heads": width / 64, "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "max_position_embeddings": length, "hidden_act": "silu", "tie_word_embeddings": true,
    }))?;
    let parameters = Parameters::random(&config, 1, Initial::default(), &Device::Cpu)?;
    let values: usize = parameters.iter().map(|(_, var)| var.elem_count()).sum();
    let model = if rank == 0 {
        CausalLm::new(config, parameters)?
    } else {
        let lora = LoraConfig {
            rank,
            targets: vec!["*_proj.weight".into()],
            ..LoraConfig::default()
        };
        CausalLm::adapted(config, parameters, &lora, RunSeed(1))?
    };
    let train = TrainConfig {
        steps: 5,
        micro_batch: rows,
        data: DataConfig {
            length,
            held_out: 0.0,
            ..DataConfig::default()
        },
        ..TrainConfig::default()
    };
    let tokens = |number: usize| {
        (0..=length)
            .map(|at| ((number * 31 + at * 7) % vocabulary) as u32)
            .collect()
    };
    let documents = (0..rows * 4)
        .map(|number| Document::plain(number.to_string(), tokens(number)))
        .collect();
    let data = TrainingData::new(train.data.clone(), documents)?;
    let peak = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:").map(str::to_owned));
        line.unwrap_or_default().trim().to_owned()
    };
    println!("{values} parameters; before training {}", peak());
    println!(
        "activations by estimate: {} MB",
        model.activation_bytes(rows, length) / 1_000_000
    );
    let mut trainer =
        Trainer::new(&model, &data, train, &Plugins::default())?.observed_by(|event: &Event| {
            if let Event::Step {
                report,
                read_per_second,
                ..
            } = event
            {
                println!(
                    "step {} loss {:.4} {read_per_second:.0} tokens/s",
                    report.step, report.loss
                );
            }
            Verdict::Continue
        });
    trainer.run()?;
    println!("peak {}", peak());
    Ok(())
}
