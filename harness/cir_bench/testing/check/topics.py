"""The topic of each check of a contract: the second column of ``cir-bench check``."""

from __future__ import annotations

from collections.abc import Mapping

TOPICS: Mapping[str, tuple[str, ...]] = {
    "shapes and dtype": (
        "queries_and_candidates_fit_each_other",
        "it_is_one_finite_number_in_the_embeddings_dtype",
        "it_gives_what_it_declares",
        "a_single_level_can_be_asked_for",
    ),
    "norms": (
        "vectors_have_a_length_and_scores_have_bounds",
        "values_are_finite_even_for_features_of_zeros",
        "lower_precision_gives_finite_values",
    ),
    "determinism": (
        "one_seed_one_composer",
        "evaluation_has_no_randomness",
        "one_seed_one_training",
        "one_seed_one_value",
        "one_seed_one_result",
        "two_readings_agree",
        "drawn_triplets_follow_from_seed_and_epoch",
    ),
    "batch invariance": (
        "a_row_does_not_depend_on_its_batch",
        "padding_is_not_read",
        "the_order_of_the_batch_does_not_matter",
        "features_are_not_changed",
        "it_names_the_texts_that_it_cuts",
    ),
    "gallery order": ("scores_follow_the_order_of_the_gallery", "the_order_of_the_gallery_does_not_matter"),
    "targets unseen": (
        "composing_keeps_no_memory_of_candidates",
        "targets_of_training_leave_no_trace_in_queries",
        "weights_only_for_training_are_not_used_at_evaluation",
        "targets_of_the_evaluation_are_not_seen",
    ),
    "gradients": (
        "gradients_reach_every_trainable_parameter",
        "gradients_reach_queries_and_targets_and_every_parameter",
        "the_gradient_is_the_derivative",
        "training_lowers_the_loss",
        "it_can_be_trained_if_it_says_so",
        "gradient_checkpointing_saves_memory_and_changes_no_number",
    ),
    "checkpoint": (
        "the_weights_are_all_in_the_state_dict",
        "a_checkpoint_brings_everything_back",
        "its_state_is_all_in_the_state_dict",
        "its_state_is_all_in_the_checkpoint",
        "a_published_file_brings_everything_back",
    ),
    "devices": (
        "everything_is_on_the_device_of_the_features",
        "training_is_on_the_device_of_the_features",
        "it_is_on_the_device_of_the_embeddings",
    ),
    "texts": ("empty_and_one_word_texts_are_answered",),
    "explanations": ("explanations_are_of_the_queries",),
    "pseudo-words": (
        "a_pseudo_word_has_the_declared_width",
        "a_words_own_embedding_is_that_word",
        "a_dollar_in_a_caption_is_an_ordinary_character",
        "each_text_may_have_its_own_template",
        "a_pseudo_word_is_never_cut",
        "a_row_with_a_pseudo_word_does_not_depend_on_its_batch",
        "gradients_reach_the_pseudo_words",
        "wrong_templates_and_vectors_are_refused",
        "it_reads_texts_as_before_afterwards",
    ),
    "joint features": (
        "pairs_give_what_is_declared",
        "a_pair_does_not_depend_on_its_batch",
        "both_image_and_text_count",
    ),
    "second stage": (
        "every_candidate_gets_one_finite_score",
        "a_score_depends_on_its_own_pair_alone",
        "a_score_reads_no_padding",
        "scoring_pairs_has_no_randomness",
        "pairs_are_scored_on_the_device_of_the_features",
        "the_second_stages_weights_are_all_in_the_state_dict",
    ),
    "time and memory": ("time_and_memory_are_bounded",),
    "training": (
        "every_step_has_finite_terms_and_a_declared_optimiser",
        "stage_names_are_unique",
        "right_answers_cost_less_than_wrong_ones",
        "it_is_about_the_score_that_it_is_given",
        "the_score_in_training_is_the_score_at_evaluation",
        "another_copy_of_the_target_is_not_a_negative",
        "it_trains_and_ranks_the_gallery",
        "defaults_of_tunable_parameters_lie_in_their_ranges",
        "it_trains_with_both_ends_of_tunable_ranges",
    ),
    "description": ("its_card_can_be_read", "provenance_is_text"),
    "cache keys": ("it_is_identified_by_version_preprocess_and_weights", "an_images_digest_is_that_of_its_content"),
    "images": (
        "items_are_made_in_worker_processes",
        "items_of_decoded_pixels_are_those_of_images",
        "different_items_have_different_features",
        "it_says_which_images_it_has",
        "references_exist_and_decode_to_rgb",
        "missing_splits_and_images_are_reported",
    ),
    "annotations": (
        "queries_are_well_formed",
        "targets_and_subsets_are_in_the_gallery",
        "training_triplets_are_well_formed",
        "drawn_triplets_stay_among_the_images_asked_for",
    ),
    "executor": (
        "records_are_those_of_this_process",
        "a_worker_with_other_versions_refuses",
        "a_worker_that_dies_is_lost",
        "a_cancelled_job_ends",
    ),
    "tracker": (
        "it_takes_every_event_of_a_run",
        "cells_that_run_together_are_kept_apart",
        "a_cell_that_was_interrupted_continues",
        "it_prints_nothing_on_standard_output",
    ),
    "submission": (
        "it_names_the_split_and_the_server",
        "files_are_bytes_under_plain_names",
        "one_ranking_one_submission",
        "its_files_pass_its_own_check",
        "a_reference_is_a_mistake_only_where_it_is_removed",
        "each_mistake_in_a_ranking_is_found_with_its_query",
        "a_foreign_image_is_found",
        "a_broken_file_is_a_mistake_and_not_a_crash",
    ),
}
OWN = "the plugin's own"
"""Of checks that a plugin's own contract classes add."""

_TOPIC_OF = {check: topic for topic, checks in TOPICS.items() for check in checks}


def topic_of(test: str) -> str:
    """The topic of a contract's test, ``test_one_seed_one_value``."""
    return _TOPIC_OF.get(test.removeprefix("test_"), OWN)
