//! The golden vectors of tiny models.

use std::path::{Path, PathBuf};

use rounds_models::trajectory::{
    Activation, Architecture, Inputs, Parameters, TrajectoryConfig, TrajectoryModel,
};
use serde_json::Value;

/// A file of the vectors; `None`, with a line, when an outside folder lacks it.
pub(crate) fn file(name: &str) -> Option<Value> {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden");
    let outside = std::env::var_os("ROUNDS_GOLDEN").map(PathBuf::from);
    let root = outside.clone().unwrap_or_else(|| Path::new(own).into());
    let path = root.join("trajectory").join(name);
    if outside.is_some() && !path.exists() {
        println!("skipped: {} is missing", path.display());
        return None;
    }
    let text = std::fs::read_to_string(path).expect("vectors can be read");
    Some(serde_json::from_str(&text).expect("vectors are JSON"))
}

/// All numbers of nested lists in order.
pub(crate) fn numbers(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(list) => list.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().expect("a number") as f32],
    }
}

fn shape(value: &Value) -> Vec<usize> {
    let mut shape = Vec::new();
    let mut value = value;
    while let Value::Array(list) = value {
        shape.push(list.len());
        value = &list[0];
    }
    shape
}

/// Rows of steps.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    pub(crate) rows: usize,
    pub(crate) context: usize,
    pub(crate) states: Vec<f32>,
    pub(crate) actions: Vec<f32>,
    pub(crate) returns: Vec<f32>,
    pub(crate) timesteps: Vec<u32>,
    pub(crate) mask: Vec<f32>,
}

impl Rows {
    pub(crate) fn inputs(&self) -> Inputs<'_> {
        Inputs {
            rows: self.rows,
            context: self.context,
            states: &self.states,
            actions: &self.actions,
            returns_to_go: &self.returns,
            timesteps: &self.timesteps,
            mask: &self.mask,
        }
    }

    /// The `inputs` of a case.
    pub(crate) fn of(inputs: &Value) -> Self {
        let size = shape(&inputs["states"]);
        Self {
            rows: size[0],
            context: size[1],
            states: numbers(&inputs["states"]),
            actions: numbers(&inputs["actions"]),
            returns: numbers(&inputs["returns_to_go"]),
            timesteps: numbers(&inputs["timesteps"])
                .iter()
                .map(|t| *t as u32)
                .collect(),
            mask: numbers(&inputs["attention_mask"]),
        }
    }

    /// A history of any length as a policy that acts gives it: the latest steps, with zeros in front.
    pub(crate) fn history(history: &Value, config: &TrajectoryConfig) -> Self {
        let context = config.context;
        let latest = |name: &str, width: usize| {
            let all = numbers(&history[name]);
            let kept = &all[all.len().saturating_sub(context * width)..];
            let mut padded = vec![0.0; context * width - kept.len()];
            padded.extend_from_slice(kept);
            padded
        };
        let steps = shape(&history["states"])[0].min(context);
        let mut mask = vec![0.0; context - steps];
        mask.resize(context, 1.0);
        Self {
            rows: 1,
            context,
            states: latest("states", config.observation),
            actions: latest("actions", config.action),
            returns: latest("returns_to_go", 1),
            timesteps: latest("timesteps", 1).iter().map(|t| *t as u32).collect(),
            mask,
        }
    }
}

/// The settings of a case.
pub(crate) fn config(file: &str, case: &Value) -> TrajectoryConfig {
    let config = &case["config"];
    let number = |name: &str| config[name].as_u64().map(|n| n as usize);
    let architecture = match (file, config["kind"].as_str()) {
        ("gdt_tiny.json", Some("GTP")) => Architecture::GdtPlus,
        ("gdt_tiny.json", _) => Architecture::Gdt,
        ("dc_tiny.json", _) => Architecture::Dc,
        _ => Architecture::Dt,
    };
    let heads = number("n_head").or(number("heads")).unwrap_or(1);
    TrajectoryConfig {
        architecture,
        observation: number("state_dim").expect("a size"),
        action: number("act_dim").expect("a size"),
        hidden: number("hidden").expect("a size"),
        layers: number("n_layer").or(number("depth")).expect("a size"),
        heads,
        context: number("K").expect("a size"),
        max_ep_len: number("max_ep_len").expect("a size"),
        activation: match config["activation"].as_str() {
            Some("gelu") => Activation::Gelu,
            _ => Activation::Relu,
        },
        window: number("window").unwrap_or(6),
        action_tokens: config["remove_act_embs"] != Value::Bool(true),
        ..TrajectoryConfig::default()
    }
}

/// The weights of a case.
pub(crate) fn weights(model: &TrajectoryModel, case: &Value) -> Parameters {
    let weights = case["weights"].as_object().expect("weights by name");
    let tensors = weights
        .iter()
        .map(|(name, values)| (name.clone(), shape(values), numbers(values)));
    model.parameters(tensors).expect("the model's weights")
}

/// The largest difference, where `mask` is 1 if there is one.
pub(crate) fn distance(got: &[f32], expected: &[f32], mask: Option<&[f32]>) -> f32 {
    assert_eq!(got.len(), expected.len());
    let width = mask.map_or(1, |mask| got.len() / mask.len());
    let there = |at: usize| mask.is_none_or(|mask| mask[at / width] == 1.0);
    let pairs = got.iter().zip(expected).enumerate();
    let apart = pairs
        .filter(|(at, _)| there(*at))
        .map(|(_, (a, b))| (a - b).abs());
    apart.fold(0.0, f32::max)
}
