//! Adapters in the files of PEFT: `adapter_config.json` and `adapter_model.safetensors`.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use rounds_environments::streams::RunSeed;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Lora, LoraConfig};
use crate::training::files::write_whole;
use crate::training::{NamePattern, TrainError};

const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";
const PREFIX: &str = "base_model.model.";

/// The fields of `adapter_config.json` that change what an adapter computes.
#[derive(Deserialize)]
struct PeftConfig {
    #[serde(default)]
    peft_type: String,
    r: usize,
    lora_alpha: f64,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    use_dora: bool,
    #[serde(default)]
    fan_in_fan_out: bool,
    #[serde(default)]
    bias: Option<String>,
    #[serde(default)]
    rank_pattern: Value,
    #[serde(default)]
    alpha_pattern: Value,
    #[serde(default)]
    modules_to_save: Value,
}

/// PEFT's names of A and B of the weight called `name`.
pub(super) fn names(name: &str) -> [String; 2] {
    let module = module(name);
    ["A", "B"].map(|matrix| format!("{PREFIX}{module}.lora_{matrix}.weight"))
}

fn module(name: &str) -> &str {
    name.strip_suffix(".weight").unwrap_or(name)
}

fn last(name: &str) -> &str {
    module(name).rsplit('.').next().unwrap_or(name)
}

impl Lora {
    /// Writes the adapters to `folder` as PEFT reads them. `base` is the model's name or folder.
    ///
    /// # Errors
    /// [`TrainError::File`] when a file cannot be written.
    pub fn save(&self, folder: &Path, base: &str) -> Result<(), TrainError> {
        fs::create_dir_all(folder).map_err(TrainError::file(folder, "create it"))?;
        let tensors = self
            .parameters()
            .into_iter()
            .map(|(name, var)| (name, var.as_detached_tensor()));
        let path = folder.join(WEIGHTS);
        let bytes = safetensors::serialize(
            tensors,
            Some(HashMap::from([("format".into(), "pt".into())])),
        );
        write_whole(
            &path,
            &bytes.map_err(|error| TrainError::damaged(&path, error))?,
        )?;
        let config = json!({
            "alpha_pattern": {},
            "base_model_name_or_path": base,
            "bias": "none",
            "fan_in_fan_out": false,
            "inference_mode": true,
            "init_lora_weights": true,
            "layers_pattern": null,
            "layers_to_transform": null,
            "lora_alpha": self.scale * self.config.rank as f64,
            "lora_dropout": 0.0,
            "modules_to_save": null,
            "peft_type": "LORA",
            "r": self.config.rank,
            "rank_pattern": {},
            "target_modules": self.target_modules(),
            "task_type": "CAUSAL_LM",
            "use_dora": false,
            "use_rslora": false,
        });
        write_whole(&folder.join(CONFIG), format!("{config:#}\n").as_bytes())
    }

    /// Last parts of the modules' names where these mean the same modules (what other readers
    /// expect), whole names otherwise.
    fn target_modules(&self) -> Vec<&str> {
        let short: BTreeSet<&str> = self.adapters.keys().map(|name| last(name)).collect();
        let meant = self
            .candidates
            .iter()
            .filter(|name| short.contains(last(name)));
        if meant.count() == self.adapters.len() {
            return short.into_iter().collect();
        }
        self.adapters.keys().map(|name| module(name)).collect()
    }

    /// Reads adapters that PEFT or [`Lora::save`] wrote, for a model with `weights` (names and shapes).
    ///
    /// # Errors
    /// [`TrainError::File`] and [`TrainError::Damaged`] when the files cannot be read, ask for a variant
    /// other than plain or rank-stabilised LoRA, or do not fit the weights.
    pub fn load(folder: &Path, weights: &[(String, Vec<usize>)]) -> Result<Self, TrainError> {
        let path = folder.join(CONFIG);
        let text = fs::read(&path).map_err(TrainError::file(&path, "read it"))?;
        let config: PeftConfig =
            serde_json::from_slice(&text).map_err(|error| TrainError::damaged(&path, error))?;
        refuse_variants(&path, &config)?;

        let path = folder.join(WEIGHTS);
        let mut tensors = candle_core::safetensors::load(&path, &Device::Cpu)
            .map_err(|error| TrainError::damaged(&path, error))?;
        let has = |name: &str| tensors.contains_key(&names(name)[0]);
        let targets: Vec<NamePattern> = weights
            .iter()
            .filter(|(name, _)| has(name))
            .map(|(name, _)| NamePattern(name.clone()))
            .collect();
        if targets.is_empty() {
            return Err(TrainError::damaged(
                path,
                "no adapter for a weight of this model",
            ));
        }
        let own = LoraConfig {
            rank: config.r,
            alpha: config.lora_alpha,
            targets,
        };
        let mut lora = Self::new(&own, weights, RunSeed(0))?;
        if config.use_rslora {
            lora.scale = config.lora_alpha / (config.r as f64).sqrt();
        }
        for (name, var) in lora.parameters() {
            let tensor: Tensor = tensors
                .remove(&name)
                .ok_or_else(|| TrainError::damaged(&path, format!("{name} is missing")))?
                .to_dtype(DType::F32)?;
            if tensor.dims() != var.dims() {
                let problem = format!("{name}: expected {:?}, got {:?}", var.dims(), tensor.dims());
                return Err(TrainError::damaged(&path, problem));
            }
            var.set(&tensor)?;
        }
        if let Some(name) = tensors.keys().min() {
            return Err(TrainError::damaged(
                path,
                format!("{name} belongs to no weight of this model"),
            ));
        }
        Ok(lora)
    }
}

fn refuse_variants(path: &Path, config: &PeftConfig) -> Result<(), TrainError> {
    let set = |value: &Value| match value {
        Value::Null => false,
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    };
    let bias = config.bias.as_deref().unwrap_or("none");
    let variants = [
        ("peft_type", config.peft_type != "LORA"),
        ("use_dora", config.use_dora),
        ("fan_in_fan_out", config.fan_in_fan_out),
        ("bias", bias != "none"),
        ("rank_pattern", set(&config.rank_pattern)),
        ("alpha_pattern", set(&config.alpha_pattern)),
        ("modules_to_save", set(&config.modules_to_save)),
    ];
    match variants.iter().find(|(_, asked)| *asked) {
        Some((key, _)) => Err(TrainError::damaged(
            path,
            format!("{key}: expected that of a plain LoRA adapter"),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::adapter::tests::{config, weights};
    use super::*;

    fn read(folder: &Path) -> Value {
        serde_json::from_slice(&fs::read(folder.join(CONFIG)).unwrap()).unwrap()
    }

    #[test]
    fn files_have_the_names_of_peft_and_come_back_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let lora = Lora::new(&config(), &weights(), RunSeed(1)).unwrap();
        let up = Tensor::arange(0.0_f32, 8.0, &Device::Cpu)
            .unwrap()
            .reshape((4, 2))
            .unwrap();
        lora.adapter("m.0.q_proj.weight")
            .unwrap()
            .up
            .set(&up)
            .unwrap();
        lora.save(folder.path(), "base").unwrap();
        assert_eq!(read(folder.path())["target_modules"], json!(["q_proj"]));
        assert_eq!(
            lora.parameters()[1].0,
            "base_model.model.m.0.q_proj.lora_B.weight"
        );
        let again = Lora::load(folder.path(), &weights()).unwrap();
        assert_eq!(again.scale, 2.0);
        for ((name, a), (other, b)) in lora.parameters().into_iter().zip(again.parameters()) {
            assert_eq!(name, other);
            assert_eq!(a.to_vec2::<f32>().unwrap(), b.to_vec2::<f32>().unwrap());
        }
    }

    #[test]
    fn a_part_of_the_layers_is_named_in_full() {
        let folder = tempfile::tempdir().unwrap();
        let config = LoraConfig {
            targets: vec!["m.1.*".into()],
            ..config()
        };
        Lora::new(&config, &weights(), RunSeed(1))
            .unwrap()
            .save(folder.path(), "base")
            .unwrap();
        assert_eq!(read(folder.path())["target_modules"], json!(["m.1.q_proj"]));
        Lora::load(folder.path(), &weights()).unwrap();
        let told = Lora::load(folder.path(), &weights()[..2])
            .unwrap_err()
            .to_string();
        assert!(told.contains("no adapter for a weight"), "{told}");
    }

    #[test]
    fn variants_that_compute_something_else_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        Lora::new(&config(), &weights(), RunSeed(1))
            .unwrap()
            .save(folder.path(), "base")
            .unwrap();
        let mut changed = read(folder.path());
        changed["use_dora"] = json!(true);
        fs::write(folder.path().join(CONFIG), changed.to_string()).unwrap();
        assert!(
            Lora::load(folder.path(), &weights())
                .unwrap_err()
                .to_string()
                .contains("use_dora")
        );
        changed["use_dora"] = json!(false);
        changed["use_rslora"] = json!(true);
        fs::write(folder.path().join(CONFIG), changed.to_string()).unwrap();
        let scale = Lora::load(folder.path(), &weights()).unwrap().scale;
        assert!((scale - 4.0 / 2.0_f64.sqrt()).abs() < 1e-12);
    }
}
