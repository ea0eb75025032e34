//! Programs and people on any environment that can describe itself.
//!
//! An observation is put in words by the environment, and an action is JSON that the environment
//! reads; `docs/process.md` holds the lines.

use std::borrow::Cow;
use std::sync::Arc;

use rand::RngExt;
use rounds_environments::environment::Describe;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use rounds_models::{
    CallKey, Console, Desk, HumanModel, Message, ModelRequest, ModelServer, PROTOCOL, ProcessModel,
    ProcessOptions, ServerOptions, Typed,
};
use serde_json::{Value, json};

use crate::policy::{Ask, Decider, ModelPolicy, PolicyError, Reading};

/// How often a program is told what was wrong with an action.
const NOTES: u32 = 1;

/// Agents of an environment whose actions come from outside.
#[derive(Debug)]
pub struct DescribedAgents<E> {
    environment: Arc<E>,
}

impl<E: Describe> DescribedAgents<E> {
    /// Agents of environments like `sample`, which only describes: what it says of an observation
    /// must depend on the observation alone.
    pub fn new(sample: E) -> Self {
        Self {
            environment: Arc::new(sample),
        }
    }

    /// The first line that a program reads.
    pub fn hello(&self, name: &str) -> String {
        json!({
            "schema": PROTOCOL,
            "policy": name,
            "family": "steps",
            "agents": self.environment.agents(),
            "action": self.environment.action_schema(),
        })
        .to_string()
    }

    /// Lets a program decide; the greeting of `options` is replaced.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn process(
        self,
        mut options: ProcessOptions,
    ) -> std::io::Result<Decider<E::Observation, E::Action>> {
        options.hello = self.hello(&options.name);
        let sizes = options.server();
        let model = ProcessModel::new(options)?;
        Ok(Decider::Model {
            policy: Arc::new(self),
            server: Arc::new(ModelServer::start(Arc::new(model), sizes)),
            re_asks: NOTES,
        })
    }

    /// Lets the person at `console` decide.
    pub fn human(
        self,
        name: &str,
        console: Arc<dyn Console>,
    ) -> Decider<E::Observation, E::Action> {
        let schema = self.environment.action_schema();
        let model = HumanModel::new(name, console, Arc::new(ActionDesk { schema }));
        Decider::Model {
            policy: Arc::new(self),
            server: Arc::new(ModelServer::start(
                Arc::new(model),
                ServerOptions::default(),
            )),
            re_asks: u32::MAX,
        }
    }
}

impl<E: Describe> ModelPolicy<E::Observation, E::Action> for DescribedAgents<E> {
    fn request(
        &self,
        seed: RunSeed,
        ask: &Ask<E::Observation>,
    ) -> Result<ModelRequest, PolicyError> {
        let key = ask.key;
        let mut stream =
            StreamKey::agent(seed, key.episode, key.agent, key.round, Purpose::Model).open();
        // 32 bits: every language reads them exactly.
        let seed: u32 = stream.random();
        let content = json!({
            "episode": key.episode,
            "agent": key.agent,
            "round": key.round,
            "number": key.number,
            "seed": seed,
            "task": "act",
            "want": ["action"],
            "observation": self.environment.describe(&ask.observation),
        });
        Ok(ModelRequest {
            key: CallKey {
                episode: key.episode,
                agent: key.agent,
                round: key.round,
                purpose: Cow::Borrowed("act"),
                number: key.number,
                attempt: 0,
            },
            messages: vec![Message::new("user", content.to_string())],
            schema: None,
            temperature: 0.0,
            max_tokens: 0,
            seed: seed.into(),
        })
    }

    fn read(&self, ask: &Ask<E::Observation>, reply: &str) -> Reading<E::Action> {
        let value: Value = serde_json::from_str(reply).unwrap_or_default();
        let Some(action) = value.get("action") else {
            let schema = self.environment.action_schema();
            return Reading::AskAgain(format!(
                "expected an object with `action`, which is {schema}, got {reply}"
            ));
        };
        match self.environment.read_action(ask.key.agent, action) {
            Ok(action) => Reading::Action(action),
            Err(error) => Reading::AskAgain(error.to_string()),
        }
    }

    fn neutral(&self, ask: &Ask<E::Observation>) -> Result<E::Action, PolicyError> {
        let agent = ask.key.agent;
        Err(PolicyError::Garbage(format!("no action of agent {agent}")))
    }
}

/// The agents of a person at the terminal.
#[derive(Debug)]
struct ActionDesk {
    schema: Value,
}

impl Desk for ActionDesk {
    fn show(&self, request: &ModelRequest) -> String {
        if let [_, .., note] = &request.messages[..] {
            return format!("That is of no use: {}", note.content);
        }
        let text = request.messages.first().map_or("", |m| m.content.as_str());
        let seen: Value = serde_json::from_str(text).unwrap_or_default();
        format!(
            "Agent {}, step {}: {}\nYour action (help):",
            seen["agent"],
            seen["round"],
            seen["observation"].as_str().unwrap_or_default()
        )
    }

    /// A line that is no JSON is a text.
    fn take(&self, _: &ModelRequest, line: &str) -> Typed {
        match line {
            "help" | "?" => Typed::Say(format!("  an action as JSON: {}\n  quit", self.schema)),
            "quit" | "exit" => Typed::Quit,
            _ => {
                let action = serde_json::from_str(line).unwrap_or_else(|_| Value::from(line));
                Typed::Reply(json!({ "action": action }).to_string())
            }
        }
    }
}
