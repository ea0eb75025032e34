//! The role of an agent in any environment.

use serde_json::json;

use super::role::{Role, Template, Variable};

/// Who plays an agent of any environment that describes itself.
pub static ACT: Role = Role {
    name: "act",
    does: "chooses the next action of an agent",
    system: Template {
        file: "act.system.j2",
        text: include_str!("../../prompts/act.system.j2"),
        variables: &[
            Variable {
                name: "rules",
                meaning: "what the environment says it is about; may be empty",
            },
            Variable {
                name: "schema",
                meaning: "JSON schema of the action, as text",
            },
            Variable {
                name: "addition",
                meaning: "text that is added; may be empty",
            },
        ],
        samples: || {
            let schema = r#"{"type":"boolean"}"#;
            vec![
                json!({"rules": "Keep it warm.", "schema": schema, "addition": "Be brief."}),
                json!({"rules": "", "schema": schema, "addition": ""}),
            ]
        },
    },
    user: Template {
        file: "act.user.j2",
        text: include_str!("../../prompts/act.user.j2"),
        variables: &[
            Variable {
                name: "data",
                meaning: "all other variables as one JSON object, as text",
            },
            Variable {
                name: "situation",
                meaning: "what the agent knows, as the environment puts it: an object",
            },
        ],
        samples: || vec![json!({"data": "{}", "situation": {"step": 0, "observation": "cold"}})],
    },
};
