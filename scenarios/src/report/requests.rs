//! What the arms asked models, and how many of the replies could be read.

use super::html::name;
use super::shell::table;

/// Requests of one arm to models.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportRequests {
    /// Name of the arm.
    pub arm: String,
    /// Requests sent, each attempt counted.
    pub requests: u64,
    /// Tokens sent.
    pub prompt_tokens: u64,
    /// Tokens received.
    pub completion_tokens: u64,
    /// Replies that could not be read.
    pub malformed: f64,
    /// Replies that could be read after small faults of their JSON were put right.
    pub mended: f64,
    /// Cost in US dollars, where every price is known.
    pub cost_usd: Option<f64>,
}

/// The table of all arms; nothing where none asked a model.
pub(super) fn requests(arms: &[ReportRequests]) -> String {
    if arms.iter().all(|arm| arm.requests == 0) {
        return String::new();
    }
    let rows = arms.iter().map(|arm| {
        let cost = arm.cost_usd.map(|cost| format!("{cost:.4}"));
        vec![
            name(&arm.arm),
            arm.requests.to_string(),
            arm.prompt_tokens.to_string(),
            arm.completion_tokens.to_string(),
            format!("{:.0}", arm.malformed),
            format!("{:.0}", arm.mended),
            cost.unwrap_or_else(|| "not known".to_owned()),
        ]
    });
    let head = [
        "arm",
        "requests",
        "tokens sent",
        "tokens received",
        "malformed replies",
        "mended replies",
        "USD",
    ];
    format!("<h3>Requests to models</h3>{}", table(&head, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_there_when_a_model_was_asked() {
        let silent = ReportRequests {
            arm: "knowledge".into(),
            ..ReportRequests::default()
        };
        assert_eq!(requests(std::slice::from_ref(&silent)), "");
        let asked = ReportRequests {
            arm: "local".into(),
            requests: 12,
            malformed: 3.0,
            ..ReportRequests::default()
        };
        let html = requests(&[asked, silent]);
        assert!(html.contains("<td>local</td><td>12</td><td>0</td><td>0</td><td>3</td>"));
        assert!(html.contains("<td>knowledge</td><td>0</td>"));
    }
}
