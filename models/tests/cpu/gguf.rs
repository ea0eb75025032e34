//! GGUF files written and read back.

use candle_core::Device;
use rounds_models::local::cpu::{
    BlockFormat, CpuModel, Gguf, GgufTokenizer, SequenceId, Threads, WeightError, WeightSource,
    Weights, read_gguf, write_gguf,
};
use rounds_models::local::transformer::{
    Architecture, Checkpoint, Initial, Parameters, TransformerConfig,
};

use crate::golden_files::NAMES;
use crate::vectors::{bits, cache, checkpoint, run};

/// Writes a checkpoint and reads it back.
fn through_file(checkpoint: &Checkpoint, format: Option<BlockFormat>) -> Gguf {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("model.gguf");
    write_gguf(&path, checkpoint, format, &GgufTokenizer::default()).expect("the file is written");
    read_gguf(&path).expect("the file is read")
}

fn build(gguf: &mut Gguf) -> CpuModel {
    CpuModel::build(&gguf.config, &mut gguf.weights, Threads::new(1)).expect("a model")
}

fn logits(model: &CpuModel) -> Vec<f32> {
    let tokens: Vec<u32> = (0..24).map(|i| i * 37 % 256).collect();
    let mut cache = cache(model, 8, 16);
    cache.open(SequenceId(1), &tokens).expect("a new sequence");
    run(model, &mut cache, SequenceId(1), &tokens, &[])
}

fn packed(checkpoint: &Checkpoint) -> CpuModel {
    CpuModel::from_parameters(&checkpoint.config, &checkpoint.parameters, Threads::new(1))
        .expect("a model")
}

/// The tensors of a source as floats.
struct Floats<'a>(&'a mut dyn WeightSource);

impl WeightSource for Floats<'_> {
    fn weights(&mut self, name: &str) -> Result<Weights, WeightError> {
        Ok(match self.0.weights(name)? {
            Weights::Blocks(blocks) => Weights::Floats {
                shape: blocks.shape().to_vec(),
                values: blocks.to_floats(),
            },
            floats => floats,
        })
    }
}

/// Errors of the logits, about four times those of the weights in such random models: by the quantised weights alone, and with quantised rows as well.
fn errors(gguf: &mut Gguf, expected: &[f32]) -> (f32, f32) {
    let mut floats = Floats(&mut gguf.weights);
    let floats = CpuModel::build(&gguf.config, &mut floats, Threads::new(1)).expect("a model");
    let both = build(gguf);
    (
        relative(&logits(&floats), expected),
        relative(&logits(&both), expected),
    )
}

/// Root mean square of the differences over that of the values.
fn relative(got: &[f32], expected: &[f32]) -> f32 {
    let square = |values: &mut dyn Iterator<Item = f32>| values.map(|v| v * v).sum::<f32>();
    let differences = square(&mut got.iter().zip(expected).map(|(a, b)| a - b));
    (differences / square(&mut expected.iter().copied())).sqrt()
}

#[test]
fn floats_survive_the_file() {
    for name in NAMES {
        let Some(checkpoint) = checkpoint(name) else {
            continue;
        };
        let mut gguf = through_file(&checkpoint, None);
        let (got, expected) = (logits(&build(&mut gguf)), logits(&packed(&checkpoint)));
        // Gemma's norms lose a bit when 1 is added to them in the file.
        let error = relative(&got, &expected);
        let most = if checkpoint.config.norm_plus_one {
            1e-5
        } else {
            1e-6
        };
        assert!(error <= most, "{name}: {error}");
        let mut config = checkpoint.config.clone();
        if gguf.config.architecture == Architecture::Llama {
            config.architecture = Architecture::Llama;
        }
        config.eos.truncate(1);
        assert_eq!(gguf.config, config, "{name}");
    }
}

#[test]
fn eight_bits_are_near_the_floats() {
    for name in NAMES {
        let Some(checkpoint) = checkpoint(name) else {
            continue;
        };
        let mut gguf = through_file(&checkpoint, Some(BlockFormat::Q8_0));
        let (weights, error) = errors(&mut gguf, &logits(&packed(&checkpoint)));
        println!("{name}: relative error {weights:.4} by the weights, {error:.4} in all");
        assert!(weights > 0.0 && weights <= 0.04, "{name}: {weights}");
        assert!(error <= 1.6 * weights, "{name}: {error}");
    }
}

/// A model whose widths are whole blocks of 256.
fn wide(architecture: Architecture) -> Checkpoint {
    let mut config = TransformerConfig::llama(300, 256, 512, 2, 4, 2, 128);
    config.architecture = architecture;
    config.tied_head = architecture != Architecture::Phi3;
    let initial = Initial {
        deviation: 0.05,
        ..Initial::default()
    };
    let parameters = Parameters::random(&config, 5, initial, &Device::Cpu).expect("parameters");
    Checkpoint::new(config, parameters)
}

#[test]
fn few_bits_are_as_far_off_as_their_format() {
    for architecture in [Architecture::Llama, Architecture::Phi3] {
        let checkpoint = wide(architecture);
        let expected = logits(&packed(&checkpoint));
        for (format, most) in [
            (BlockFormat::Q8_0, 0.03),
            (BlockFormat::Q6K, 0.1),
            (BlockFormat::Q4K, 0.35),
            (BlockFormat::Q4_0, 0.42),
        ] {
            let mut gguf = through_file(&checkpoint, Some(format));
            let (weights, error) = errors(&mut gguf, &expected);
            let got = logits(&build(&mut gguf));
            println!(
                "{architecture:?}, {}: relative error {weights:.4} by the weights, {error:.4} in all",
                format.name()
            );
            assert!(weights > 0.0 && weights <= most, "{format:?}: {weights}");
            assert!(error <= 1.6 * weights, "{format:?}: {error}");
            let memory = CpuModel::quantised(
                &checkpoint.config,
                &checkpoint.parameters,
                format,
                Threads::new(2),
            );
            assert!(bits(&got) == bits(&logits(&memory.unwrap())), "{format:?}");
        }
    }
}

#[test]
fn quantised_rows_do_not_depend_on_chunks_or_levels() {
    let checkpoint = wide(Architecture::Llama);
    for format in BlockFormat::ALL {
        let model = CpuModel::quantised(
            &checkpoint.config,
            &checkpoint.parameters,
            format,
            Threads::new(1),
        )
        .unwrap();
        let tokens: Vec<u32> = (0..40).map(|i| i * 7 % 300).collect();
        let mut outcomes = Vec::new();
        for level in rounds_models::local::cpu::Level::available() {
            for cuts in [&[][..], &[1, 9, 26]] {
                let model = model.clone().with_level(level);
                let mut cache = cache(&model, 8, 16);
                cache.open(SequenceId(1), &tokens).unwrap();
                outcomes.push(bits(&run(&model, &mut cache, SequenceId(1), &tokens, cuts)));
            }
        }
        assert!(outcomes.iter().all(|o| *o == outcomes[0]), "{format:?}");
    }
}

#[test]
fn the_tokenizer_s_data_survive_the_file() {
    let Some(checkpoint) = checkpoint("llama") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.gguf");
    let tokenizer = GgufTokenizer {
        model: Some("gpt2".to_owned()),
        tokens: vec!["a".to_owned(), "Ġb".to_owned()],
        token_types: vec![1, 3],
        merges: vec!["a b".to_owned()],
        bos: Some(1),
        add_bos: Some(true),
        chat_template: Some("{{ messages }}".to_owned()),
        ..GgufTokenizer::default()
    };
    write_gguf(&path, &checkpoint, None, &tokenizer).unwrap();
    let expected = GgufTokenizer {
        eos: checkpoint.config.eos.first().copied(),
        pad: checkpoint.config.pad,
        ..tokenizer
    };
    assert_eq!(read_gguf(&path).unwrap().tokenizer, expected);
}

#[test]
fn damaged_files_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.gguf");
    assert!(
        read_gguf(&path)
            .unwrap_err()
            .to_string()
            .contains("cannot be opened")
    );
    std::fs::write(&path, b"GGUFxxxx").unwrap();
    assert!(
        read_gguf(&path)
            .unwrap_err()
            .to_string()
            .contains("no sound GGUF file")
    );
    let Some(checkpoint) = checkpoint("llama") else {
        return;
    };
    write_gguf(&path, &checkpoint, None, &GgufTokenizer::default()).unwrap();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let mut gguf = read_gguf(&path).unwrap();
    assert!(CpuModel::build(&gguf.config, &mut gguf.weights, Threads::new(1)).is_err());
}
