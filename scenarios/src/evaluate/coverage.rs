//! Risk against coverage: how often the diagnosis is wrong when only the surest visits count.

use serde_json::{Value, json};

use super::arm::ArmResult;

/// The curve of one arm.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RiskCoverage {
    /// Name of the arm.
    pub arm: String,
    /// Coverage and risk, by rising coverage: share of all visits that count, and share of them
    /// whose first diagnosis is wrong.
    pub points: Vec<(f64, f64)>,
    /// Share of visits that end with a diagnosis rather than a referral.
    pub covered: f64,
    /// Share of those whose first diagnosis is wrong.
    pub risk: Option<f64>,
    /// Mean risk over the curve (area over its width).
    pub area: Option<f64>,
}

impl RiskCoverage {
    /// As it stands in `summary.json`.
    pub fn value(&self) -> Value {
        json!({"arm": self.arm, "covered": self.covered, "risk": self.risk, "area": self.area,
               "points": self.points})
    }
}

/// The curve of an arm: visits by falling stated probability of the first diagnosis; visits of one
/// probability count together, those without one last. Referrals are never covered.
pub fn risk_coverage(arm: &ArmResult) -> RiskCoverage {
    let mut all = 0_usize;
    let mut ranked: Vec<(f64, f64)> = Vec::new();
    for run in arm.cases.iter().flat_map(|case| &case.runs) {
        let metric = |name: &str| run.row.metrics.get(name).copied().flatten();
        all += 1;
        if let Some(hit) = metric("hit@1.covered") {
            ranked.push((metric("confidence").unwrap_or(-1.0), hit));
        }
    }
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut points = Vec::new();
    let (mut wrong, mut area) = (0.0, 0.0);
    for (at, (confidence, hit)) in ranked.iter().enumerate() {
        wrong += 1.0 - hit;
        let count = (at + 1) as f64;
        area += wrong / count;
        if ranked
            .get(at + 1)
            .is_none_or(|(next, _)| next != confidence)
        {
            points.push((count / all as f64, wrong / count));
        }
    }
    let counted = ranked.len() as f64;
    RiskCoverage {
        arm: arm.name.clone(),
        covered: if all == 0 { 0.0 } else { counted / all as f64 },
        risk: points.last().map(|(_, risk)| *risk),
        area: (counted > 0.0).then(|| area / counted),
        points,
    }
}
