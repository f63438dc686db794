"""Why a policy forwards nothing of a hit, and what would permit it, in words for people."""

from collections.abc import Mapping

from pipeline.neighbours.policy import Reason

PERMITS: Mapping[Reason, str] = {
    "own_country": "it is our own country: nothing crosses a border",
    "covert": "the entry is covert: its owner alone tells neighbours",
    "needs_confirmation": "a person must confirm the alert first",
    "not_for_neighbours": "the reads of this camera may not serve neighbours (its purposes lack cross_border)",
    "unknown_camera": "the camera was not known at capture",
    "no_policy": "no policy names this country",
    "list": "the policy does not name this list (lists)",
    "category": "the policy does not name this offence (categories)",
    "channel": "what came from the Schengen Information System goes to its states through SIRENE, and nothing else does (channel)",
    "treaty": "the treaty and legal basis that the policy names do not bind this country, or did not then (treaty, legal_basis)",
    "may_not_tell": "our law lets a neighbour be told too little (pipeline/law/tables/may_tell.toml)",
    "confidence": "the read is less certain than the policy asks (min_confidence)",
    "no_case": "the policy asks for a case reference, and the entry has none (per_case)",
    "too_old": "the read came later than the policy allows (expires_after_ms)",
    "no_zones": "the policy names no zone, and does not say everywhere",
    "not_there": "the vehicle was in no zone that the policy names (zones)",
    "other_direction": "the vehicle went another way than the policy names, or it is not known which (directions)",
    "policy_ended": "the policy had ended, or said otherwise, before the hit was decided",
}
