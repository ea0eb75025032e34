//! `rounds list`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::args::Listed;
use super::{Failure, print};
use crate::schema::{Overrides, Scenario};

/// Lists one kind of thing, or everything.
pub(crate) fn list(what: Option<Listed>) -> Result<(), Failure> {
    let mut text = String::new();
    let all = [
        Listed::Scenarios,
        Listed::Policies,
        Listed::Models,
        Listed::Environments,
    ];
    for listed in all
        .into_iter()
        .filter(|listed| what.is_none_or(|w| w as u8 == *listed as u8))
    {
        match listed {
            Listed::Scenarios => scenarios(&mut text),
            Listed::Policies => text.push_str(POLICIES),
            Listed::Models => text.push_str(MODELS),
            Listed::Environments => text.push_str(ENVIRONMENTS),
        }
    }
    print(&text);
    Ok(())
}

const POLICIES: &str = "\
policies
  knowledge        decides by a knowledge base; questions = gain | gain-per-cost | random | fixed | none | all
  language         asks a language model of [models]
  process          asks a program of your own (docs/process.md); needs --allow-process
  human            asks you
methods of coordination (kind of a policy where agents coordinate)
  ma-spl           surrogate policy learning over the graph
  ma-mpl           meta-policy learning over the graph
  ma-osma, ma-osea surrogate mirror ascent, entropic ascent
  osg, bandit-osg  online sequential greedy; with the worth of one's own action alone
  own-best         each takes what is best for one alone, without a word
  stale-greedy     greedy on the objective of the round before
  greedy, optimum  references that know the objective beforehand
  random, rota     any action; one after the other
  language         asks a language model of [models] for each action (docs/language.md)
agents of control environments (kind of a policy; docs/trajectory.md)
  random, expert   any action; the scripted expert of the environment
  learned          a model of [models] that learns from [data]
  step-protocol, hand-tuned, fixed-dose
                   doses for an unstable patient: by a written protocol, by index and slope, always the same
  language         asks a language model of [models] for each action
teams (agents.team.kind)
  dynamic          specialists join and leave between rounds
  static           the specialists named at the start stay
  solo-fixed       one specialist stays
  solo-replaceable one specialist at a time, who may be replaced
  all              every specialist, always
  generalist       one clinician who knows every condition
protocols (agents.team.protocol)
  dynamicare       a team that changes its own composition and ends with a ranked list
  agentclinic      one doctor in free text, patient, measurement side and moderator
";

const MODELS: &str = "\
models
  candle           runs on this machine: a folder as Hugging Face lays it out, or a GGUF file (docs/local.md)
  openai           asks a server that speaks the protocol of OpenAI: a vendor, vLLM, llama.cpp, Ollama
  trajectory       learns from episodes: architecture = dt | gdt | gdt-plus | dc | bc (docs/trajectory.md)
  scripted         says what a script says
  replay           says what was said in an earlier run
";

const ENVIRONMENTS: &str = "\
environments
  clinic           patients = { knowledge | records | agentclinic | fhir = ... }: drawn from a knowledge
                   base, played from records, AgentClinic cases or FHIR bundles
  clinic-day       a day of a clinic: beds, a laboratory, a scanner, specialists whom all beds share
  tracking         agents that keep near to moving targets
  ekf              agents that measure targets, by extended Kalman filters
  coverage         agents that cover an area
  objective        a set function of your own, given by its values
  cart-pole, pendulum, mountain-car, point-mass
                   small systems to control (docs/trajectory.md)
  point-maze       a ball in a maze
  stabilise        an unstable patient who is given doses
  hopper, half-cheetah, walker2d, inverted-pendulum
                   bodies that MuJoCo simulates; a build with the feature mujoco
";

fn scenarios(text: &mut String) {
    text.push_str("scenarios\n");
    for folder in [".", "scenarios"] {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
            .map(|entries| {
                entries
                    .filter_map(Result::ok)
                    .map(|entry| entry.path())
                    .collect()
            })
            .unwrap_or_default();
        files.retain(|path| path.extension().is_some_and(|e| e == "toml"));
        files.sort();
        for file in files {
            let file = file.strip_prefix("./").map(Path::to_owned).unwrap_or(file);
            if let Ok(set) = Scenario::load(&file, &Overrides::default()) {
                let arms: Vec<&str> = set.arms.iter().map(|arm| arm.name.as_str()).collect();
                let _ = writeln!(
                    text,
                    "  {:<30} {} arm(s): {}",
                    file.display(),
                    arms.len(),
                    arms.join(", ")
                );
            }
        }
    }
}
