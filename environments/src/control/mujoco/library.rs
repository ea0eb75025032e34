//! Loading models with the library of MuJoCo.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Once};

use mujoco_rs::logging::set_log_handler;
use mujoco_rs::wrappers::mj_logging::{MjLogMessage, MjtLogLevel};
use mujoco_rs::wrappers::mj_model::MjModel;

use super::definition::Definition;
use crate::control::settings::refused;
use crate::environment::EnvironmentError;

/// The version that the bindings are made for; those of others have other structures.
const VERSION: &str = "3.17.0";

/// Left alone, the library prints warnings and writes a file of them where the program stands. What a warning
/// tells of a step is found in the data of a body, so only errors are told, after which the library ends the
/// process.
#[expect(
    unsafe_code,
    reason = "the handler is a global of the library without a lock"
)]
fn silence() {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| {
        // SAFETY: nobody else may use the library meanwhile. This project does through this module alone, and all
        // that waits here for the first model; the doc of `Simulation::new` says so to others.
        unsafe { set_log_handler(tell_errors) };
    });
}

fn tell_errors(message: &MjLogMessage) {
    if message.level() == MjtLogLevel::mjLOG_ERROR {
        // The process ends next: there is nobody to hand a failure to.
        let _ = writeln!(std::io::stderr(), "MuJoCo: {}", message.subject());
    }
}

/// The model of a body, from a folder of models where one is named.
pub(super) fn load(
    definition: &Definition,
    folder: Option<&Path>,
) -> Result<Arc<MjModel>, EnvironmentError> {
    let got = mujoco_rs::mujoco_version();
    if got != VERSION {
        let why = format!("expected the library of MuJoCo {VERSION}, got {got}");
        return Err(EnvironmentError::Failed(why));
    }
    silence();
    let model = match folder {
        None => MjModel::from_xml_string(definition.xml).map_err(|error| error.to_string()),
        Some(folder) => {
            let path = folder.join(definition.file);
            let read = fs::read_to_string(&path).map_err(|error| error.to_string());
            let made = read
                .and_then(|xml| MjModel::from_xml_string(&xml).map_err(|error| error.to_string()));
            made.map_err(|why| format!("{}: {why}", path.display()))
        }
    };
    let model = model.map_err(|why| refused("models", why))?;
    let sizes = [model.ffi().nq, model.ffi().nv, model.ffi().nu].map(|size| size as usize);
    let expected = [definition.joints, definition.joints, definition.controls];
    if sizes != expected {
        let file = definition.file;
        let why =
            format!("expected {expected:?} places, speeds and controls in {file}, got {sizes:?}");
        return Err(refused("models", why));
    }
    Ok(Arc::new(model))
}
