//! A made-up run for the tests of the page.

use super::data::{
    BeliefPoint, EpisodeCounts, Outcome, ReportArm, ReportCase, ReportComparison, ReportData,
    ReportMetric, TeamSpan, TranscriptLine,
};

fn metric(name: &str, mean: f64, half: f64) -> ReportMetric {
    ReportMetric {
        name: name.into(),
        mean: Some(mean),
        ci95: Some([mean - half, mean + half]),
        n: 200,
        why: None,
    }
}

fn arm(name: &str, hit1: f64, hit10: f64, questions: f64) -> ReportArm {
    let mut metrics = vec![
        metric("hit@1", hit1, 0.06),
        metric("hit@10", hit10, 0.04),
        metric("questions", questions, 0.4),
        metric("team size", 1.0 + questions / 4.0, 0.1),
        metric("calls", questions * 9.0, 3.5),
    ];
    metrics.push(ReportMetric {
        name: "agreement".into(),
        why: Some("no panel".into()),
        ..ReportMetric::default()
    });
    ReportArm {
        name: name.into(),
        metrics,
    }
}

fn line(round: u32, side: &str, agent: &str, kind: &str, text: &str) -> TranscriptLine {
    TranscriptLine {
        round,
        minute: f64::from(round) * 15.0,
        side: side.into(),
        agent: agent.into(),
        kind: kind.into(),
        text: text.into(),
    }
}

fn span(agent: &str, from_round: u32, to_round: u32) -> TeamSpan {
    TeamSpan {
        agent: agent.into(),
        from_round,
        to_round,
    }
}

fn case(episode: u64, outcome: Outcome) -> ReportCase {
    let belief = [0.2, 0.22, 0.35, 0.5, 0.71, 0.9]
        .iter()
        .zip(1..)
        .map(|(p, round)| BeliefPoint {
            round,
            top: vec![
                ("Pulmonary embolism".into(), *p),
                ("Pneumonia".into(), 0.4 - 0.06 * f64::from(round)),
                (
                    "Myocardial infarction".into(),
                    0.3 - 0.045 * f64::from(round),
                ),
                ("Pericarditis".into(), 0.05),
            ],
        })
        .collect();
    ReportCase {
        episode,
        arm: "dynamic".into(),
        case: format!("breathless-{episode}"),
        outcome,
        reason: match outcome {
            Outcome::Failed => Some("reply of <cardiology> was malformed three times".into()),
            Outcome::Aborted => Some("call budget of 400 reached".into()),
            _ => None,
        },
        truth: vec!["Pulmonary embolism".into()],
        predicted: match outcome {
            Outcome::Failed | Outcome::Aborted => vec![],
            Outcome::Missed => vec!["Pneumonia".into(), "Pericarditis".into()],
            Outcome::InTheList => vec!["Pneumonia".into(), "Pulmonary embolism".into()],
            Outcome::Correct => vec!["Pulmonary embolism".into(), "Pneumonia".into()],
        },
        rounds: 6,
        cost: 57.5,
        lines: vec![
            line(
                0,
                "patient",
                "patient",
                "introduced",
                "64 years old, short of breath since this morning, one calf is swollen.",
            ),
            line(
                0,
                "doctor",
                "general practice",
                "formed team",
                "Internal medicine, Cardiology",
            ),
            line(
                1,
                "doctor",
                "Cardiology",
                "asked",
                "Is the pain worse when you breathe in? Any fever above 38 °C in the last 24 hours?",
            ),
            line(
                1,
                "patient",
                "patient",
                "answered",
                "It stabs when I breathe in. No fever & no cough.",
            ),
            line(
                1,
                "doctor",
                "Internal medicine",
                "voted",
                "agreed with the question of Cardiology",
            ),
            line(
                2,
                "doctor",
                "Pulmonology",
                "asked",
                "Oxygen saturation and respiratory rate on arrival?",
            ),
            line(
                2,
                "patient",
                "patient",
                "answered",
                "SpO2 < 90 %, 26 breaths a minute.",
            ),
            line(
                6,
                "doctor",
                "Pulmonology",
                "diagnosed",
                "A list of ten diagnoses, confidence 5, two of three agree.",
            ),
        ],
        teams: vec![
            span("Internal medicine", 1, 6),
            span("Cardiology", 1, 3),
            span("Pulmonology", 2, 6),
            span("Cardiology", 5, 5),
            span("Vascular medicine and haemostaseology", 4, 6),
        ],
        belief,
    }
}

/// Three arms, every outcome, names that need escaping.
pub(super) fn sample() -> ReportData {
    ReportData {
        limits: vec![],
        branches: vec![],
        title: "Ward: dynamic teams & single doctors".into(),
        command: "rounds bench ward.toml --episodes 200 --out runs/ward".into(),
        seed: 7,
        evaluation: None,
        sections: Vec::new(),
        disclaimer: super::CLINICAL_DISCLAIMER.into(),
        scenario_toml:
            "schema = \"rounds.scenario/1\"\nname = \"ward\"\n\n[environment]\nkind = \"clinic\"\n"
                .into(),
        episodes: EpisodeCounts {
            asked: 600,
            done: 594,
            failed: 4,
            aborted: 2,
        },
        calls: Vec::new(),
        requests: Vec::new(),
        arms: vec![
            arm("dynamic", 0.83, 0.95, 7.4),
            arm("static panel", 0.81, 0.94, 7.6),
            arm("single doctor", 0.64, 0.88, 5.1),
        ],
        comparisons: vec![
            comparison(
                "static panel",
                0.02,
                [-0.03, 0.07],
                0.41,
                "cannot tell (needs about 1800)",
            ),
            comparison("single doctor", 0.19, [0.11, 0.27], 0.0002, "better"),
        ],
        cases: vec![
            case(3, Outcome::Correct),
            case(5, Outcome::InTheList),
            case(8, Outcome::Missed),
            case(9, Outcome::Aborted),
            case(12, Outcome::Failed),
            case(14, Outcome::Missed),
        ],
        omitted_cases: 594,
        next_commands: vec![
            "rounds show runs/ward 12".into(),
            "rounds bench ward.toml --episodes 1800".into(),
        ],
        restricted: false,
    }
}

fn comparison(b: &str, difference: f64, ci95: [f64; 2], p: f64, verdict: &str) -> ReportComparison {
    ReportComparison {
        a: "dynamic".into(),
        b: b.into(),
        metric: "hit@1".into(),
        difference: Some(difference),
        ci95: Some(ci95),
        p_holm: Some(p),
        verdict: verdict.into(),
    }
}
