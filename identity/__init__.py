"""Pure rules of French identity vigilance: traits, INS, statuses, normalisation, comparison, score, decision."""
