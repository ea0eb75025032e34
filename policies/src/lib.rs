//! How agents decide: knowledge-based clinicians, model-backed roles, random and scripted policies.
