//! The store port's conformance suite: named cases, run on every back end. `store_conformance!`
//! stamps one test for each.

mod changes;
mod channels;
mod converge;
mod desk;
mod devices;
mod drafts;
mod guards;
mod history;
mod inbox;
mod media;
mod model;
mod resume;
mod revisions;
mod sending;
mod subject;
mod unread;
mod users;

pub use converge::{Turn, run_turns, turns};
pub use model::{Action, actions, run_actions};
pub use subject::Subject;

/// All cases by name.
pub mod case {
    pub use super::{
        changes::*, channels::*, desk::*, devices::*, drafts::*, guards::*, history::*, inbox::*,
        media::*, resume::*, revisions::*, sending::*, unread::*, users::*,
    };
}

/// Stamps one `#[test]` for each case; `$make` opens an empty store on a sink and returns it with
/// whatever has to stay alive beside it.
#[macro_export]
macro_rules! store_conformance {
    ($make:expr) => {
        $crate::store_conformance! { @stamp $make;
            a_first_message_makes_the_conversation
            seqs_are_dense_and_positions_rise
            a_resend_is_answered_with_the_first_result
            a_resend_is_recognised_inside_one_batch
            a_key_with_another_body_is_refused
            a_key_belongs_to_its_sender_and_conversation
            messages_without_a_key_are_never_taken_for_each_other
            a_refused_write_takes_no_seq_and_no_position
            everyone_gets_an_answer_in_the_order_of_submitting
            one_can_write_to_oneself
            an_unknown_sender_is_refused
            an_unknown_receiver_is_refused_or_created
            an_unknown_conversation_is_refused
            a_stranger_to_a_conversation_is_refused
            the_system_may_write_where_it_is_no_member
            a_blocked_sender_is_refused_until_accepted_again
            a_block_holds_before_the_first_message
            blocked_users_are_listed_by_id_with_the_names_they_have_now
            a_resend_is_a_duplicate_even_when_blocked_or_limited
            the_stranger_limit_counts_what_nobody_answered
            the_stranger_limit_ends_with_delivery_reading_or_an_answer
            a_thousand_parallel_strangers_store_exactly_the_limit
            a_desk_is_opened_by_its_visitor_only
            every_agent_sees_every_desk
            an_agents_own_messages_do_not_count_for_him
            who_stops_being_an_agent_sees_no_desk
            desk_marks_are_the_highest_of_the_others
            history_pages_go_both_ways
            pages_and_resumes_stop_at_their_bytes
            history_is_dense_for_every_viewer
            history_of_others_is_none
            a_deleted_side_is_one_range_below
            undelivered_messages_come_oldest_first
            the_list_has_pinned_first_then_newest
            the_list_pages_without_loss_or_repeat
            an_agents_list_pages_over_all_desks
            hiding_lasts_until_the_next_message
            opening_shows_an_empty_conversation_to_the_opener_only
            opening_shows_a_hidden_conversation_again
            the_preview_is_the_newest_message_one_may_see
            reading_is_clamped_and_never_falls
            own_sends_never_count_and_never_mark_as_read
            hidden_and_deleted_messages_do_not_count
            the_explanation_names_every_place
            delivery_marks_are_clamped_and_never_fall
            resume_brings_what_changed_and_nothing_else
            resume_from_nothing_brings_heads_and_holes
            resume_names_what_does_not_fit_as_a_hole
            resume_pages_by_budget_without_loss_or_repeat
            resume_shows_private_changes
            resume_shows_receipts_of_the_other_side
            resume_shows_messages_hidden_on_another_device
            resume_of_agents_covers_the_desks
            an_answered_resume_covers_what_was_committed
            users_are_created_changed_and_listed
            last_seen_never_falls
            channel_versions_rise_by_one
            a_push_key_answers_with_the_first_value
            a_push_key_is_free_after_its_hold_time
            delivered_versions_never_fall_nor_run_ahead
            a_recalled_message_is_gone_for_everyone
            recalled_messages_never_count_as_unread
            a_recall_twice_is_one
            an_edit_shows_the_new_text_and_when
            only_texts_are_edited_and_answers_stay_answers
            reactions_stand_in_the_order_in_which_they_came
            a_message_takes_so_many_emoji_and_no_more
            who_may_change_what_is_asked_in_one_order
            what_one_has_deleted_on_his_side_he_cannot_change
            a_resend_of_a_changed_message_gets_the_first_answer
            a_copy_that_the_server_makes_again_is_the_first_one
            whoever_is_blocked_changes_no_words_but_may_take_them_back
            an_answer_needs_its_message
            changes_are_paged_by_rev_each_place_once
            desk_messages_are_changed_like_others
            resume_brings_older_places_that_changed
            resume_keeps_what_one_hid_away_from_him
            resume_says_where_further_changes_are_to_be_asked
            resume_and_changes_stop_at_their_bytes
            undelivered_messages_leave_out_recalled_ones
            a_draft_is_in_the_entry_until_it_is_cleared
            other_devices_find_a_draft_on_resume
            a_draft_needs_a_conversation_that_one_is_in
            devices_are_listed_with_the_newest_first
            a_device_that_was_signed_out_is_not_listed_until_it_comes_back
            a_message_may_show_only_what_its_sender_uploaded
            an_upload_is_free_when_its_last_message_is_recalled
            an_upload_is_seen_by_those_who_see_a_message_with_it
            an_upload_at_a_desk_is_seen_by_its_visitor_and_the_agents
            a_picture_of_a_user_outlives_the_messages_that_showed_it
            an_edit_gets_hold_of_no_upload
            a_resend_holds_its_upload_once
            the_bytes_of_a_users_uploads_are_summed_up
        }
    };
    (@stamp $make:expr; $($case:ident)*) => {
        $(#[test]
        fn $case() {
            $crate::conformance::case::$case(&$crate::conformance::Subject::open($make));
        })*
    };
}
