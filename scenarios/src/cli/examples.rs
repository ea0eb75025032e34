//! What the help of each command ends with: commands to copy.

pub(super) const ROUNDS: &str = "\
Examples:
  rounds run scenarios/ward.toml            simulate a ward and tell its first visit
  rounds bench scenarios/teams.toml         compare teams on the same patients
  rounds show latest 12                     read visit 12 of the last run
  rounds check scenarios/ward.toml          find what is wrong with a scenario

Exit codes: 0 done, 1 the run failed, 2 bad usage or input, 3 a threshold was not met";

pub(super) const RUN: &str = "\
Examples:
  rounds run scenarios/ward.toml
  rounds run scenarios/ward.toml --episodes 20 --set environment.noise.unknown=0.1
  rounds run scenarios/records.toml --set environment.patients.records=my-records
  rounds run scenarios/ward.toml --seeds 0..10
  rounds run scenarios/ward.toml --resume runs/my-run
  rounds run my-ward.toml --set limits.run.usd=2.5 --set limits.episode.calls=200
  rounds run my-ward.toml --replay runs/my-run/calls.jsonl --diverge-at 3:2
  rounds run scenarios/agent.toml --allow-process

Settings of the command line go before those of the file; a value is read as TOML or else as text.";

pub(super) const BENCH: &str = "\
Examples:
  rounds bench scenarios/questions.toml
  rounds bench scenarios/ward.toml --vary agents.team.kind=static,dynamic,all
  rounds bench scenarios/ward.toml --vary limits.rounds=5,10 --vary environment.noise.unknown=0,0.1
  rounds bench scenarios/teams.toml --until \"ci(hit@1, dynamic - static) < 0.02\" --at-most 20";

pub(super) const PLAN: &str = "\
Examples:
  rounds plan scenarios/ward.toml           say what each arm will take
  rounds plan my-ward.toml --arm dynamic --from runs/my-pilot
  rounds plan my-ward.toml --set limits.run.usd=2.5 --json
  rounds plan my-ward.toml --rehearse --chars-per-token 3.5

Nothing is spent and no server is asked. Without an earlier run, episodes are rehearsed with a
stand-in that answers every request by its role.";

pub(super) const PLAY: &str = "\
Examples:
  rounds play scenarios/ward.toml --episode 12
  rounds play scenarios/ward.toml --seed 3 --set limits.rounds=5

What can be typed: a question in words or (part of) the name of a finding, order NAME,
diagnose A; B; C, refer SPECIALITY, find WORD, seen, help, quit.";

pub(super) const TRAIN: &str = "\
Examples:
  rounds train scenarios/clinician.toml
  rounds train scenarios/clinician.toml --set training.steps=200 --set data.episodes=100
  rounds train my-training.toml --out runs/my-training
  rounds train my-training.toml --resume runs/my-training

A training that is killed goes on with --resume, and ends with the weights that it would have had
without the interruption, bit for bit.";

pub(super) const GENERATE: &str = "\
Examples:
  rounds generate --model runs/models/clinician --prompt \"My chest hurts.\"
  rounds generate --model models/my-model --system \"Be brief.\" --prompt \"What is gout?\" --temperature 0.7
  rounds generate --model my-model.gguf --prompt \"Name a disease.\" --schema reply.schema.json --json
  echo \"Once upon a time\" | rounds generate --model models/my-model --raw --replies 4 --temperature 1

The model must lie on this machine: nothing is downloaded.";

pub(super) const EVALUATE: &str = "\
Examples:
  rounds evaluate scenarios/evaluations/suite.toml
  rounds evaluate scenarios/evaluations/suite.toml --explain pulmonary-embolism
  rounds evaluate scenarios/evaluations/suite.toml --swap sex,age
  rounds evaluate scenarios/evaluations/suite.toml --behaviour scenarios/behaviours/forgetful.toml
  rounds evaluate scenarios/evaluations/suite.toml --self-test

The exit code is 3 when a threshold of the suite is not met; without thresholds, when a case does
not come out as expected.";

pub(super) const SHOW: &str = "\
Examples:
  rounds show latest                        list the episodes of the last run
  rounds show latest 12                     tell episode 12
  rounds show runs/my-bench 3 --arm dynamic";

pub(super) const VIEW: &str = "\
Examples:
  rounds view latest
  rounds view runs/my-run --path            print where the report is";

pub(super) const CHECK: &str = "\
Examples:
  rounds check scenarios/ward.toml
  rounds check scenarios/ward.toml --set agents.team.kind=static
  rounds check scenarios/records";

pub(super) const LIST: &str = "\
Examples:
  rounds list
  rounds list policies";

pub(super) const SCORE: &str = "\
Examples:
  rounds score latest
  rounds score runs/my-run --json";

pub(super) const COMPARE: &str = "\
Examples:
  rounds compare runs/before runs/after
  rounds compare runs/before latest --metric hit@1 --fail-on-regression
  rounds compare runs/my-bench runs/my-bench --arm static --arm dynamic

A is what was, B is the new one: \"worse\" means that B is worse than A.
Exit codes: 0 done, 2 the runs cannot be compared, 3 B is worse and --fail-on-regression is given";

pub(super) const LEADERBOARD: &str = "\
Examples:
  rounds leaderboard runs/my-bench
  rounds leaderboard runs/one runs/two runs/my-bench --metric hit@1 --cost care_cost_usd";

pub(super) const EXPORT: &str = "\
Examples:
  rounds export latest --to inspect
  rounds export runs/my-run --to inspect --out my-run.json
  rounds export runs/my-bench --to inspect --arm dynamic --out dynamic.eval

Then, with Inspect AI: inspect view --log-dir runs/my-run/inspect";

pub(super) const NEW: &str = "\
Examples:
  rounds new my-ward                                     my-ward.toml, a scenario
  rounds new my-team --kind coordination                 my-team.toml, agents that coordinate
  rounds new my-suite --kind suite                       my-suite/suite.toml with one case
  rounds new my-case --kind case                         my-case.toml, a scripted case
  rounds new case --from scenarios/records/900101.json   case-900101.toml, a case of this record
  rounds new heart --kind suite --from scenarios/records/900101.json

Nothing is overwritten. No text of a restricted record is copied.";

pub(super) const SCHEMA: &str = "\
Examples:
  rounds schema scenario > scenario.schema.json
  rounds schema case > case.schema.json

An editor with a language server for TOML takes the schema from a first line such as
  #:schema ./scenario.schema.json";

pub(super) const DESCRIBE: &str = "\
Examples:
  rounds describe scenarios/teams.toml
  rounds describe scenarios/ward.toml --set environment.noise.unknown=0.1
  rounds describe scenarios/evaluations/suite.toml --json";

pub(super) const IMPORT: &str = "\
Examples:
  rounds data import mimic-iii mimic-iii-clinical-database-1.4 --out records
  rounds data import mimic-iii tables --out sample --sample 100 --max-diagnoses 10
  rounds data import agentclinic cases.jsonl --out cases --titles D_ICD_DIAGNOSES.csv
  rounds data import fhir bundles --out patients --visit last-disease
  rounds data import d4rl hopper-medium-v2.hdf5 --out hopper-medium.safetensors
  rounds data import rounds runs/my-run --out my-episodes.safetensors

Records of credentialed data must not be shared.";

pub(super) const DATA_CHECK: &str = "\
Examples:
  rounds data check records
  rounds data check records/900101.json
  rounds data check my-knowledge.csv
  rounds data check runs/data/hopper.safetensors";

pub(super) const COLLECT: &str = "\
Examples:
  rounds data collect pendulum --out runs/data/pendulum
  rounds data collect point-mass --out runs/data/point-mass --episodes 80 --level expert --level medium
  rounds data collect hopper --out runs/data/hopper --set data.search.steps=100000

Where nobody has written an expert a policy learns first, which takes minutes.";

pub(super) const REVIEW_EXPORT: &str = "\
Examples:
  rounds review export latest --out sheet.html
  rounds review export runs/my-suite --out sheet.csv --sample 40 --seed 3
  rounds review export runs/my-suite --out sheet.html --checks all --arm dynamic

Do not open sheet.key.json before the rating is done: it says which arm each item is of.";

pub(super) const REVIEW_IMPORT: &str = "\
Examples:
  rounds review import latest sheet-anna.csv sheet-ben.csv
  rounds review import runs/my-suite rated.csv --key sheet.key.json --json";
