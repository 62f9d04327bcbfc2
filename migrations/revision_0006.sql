CREATE TABLE terms (
    university_id bigint NOT NULL, id bigserial NOT NULL, code varchar(32) NOT NULL, name varchar(255) NOT NULL,
    starts_at timestamptz NOT NULL, ends_at timestamptz NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT terms_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT terms_dates_check CHECK (ends_at > starts_at),
    CONSTRAINT terms_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE INDEX ix_terms_starts_at ON terms (university_id, starts_at);
CREATE UNIQUE INDEX ux_terms_code ON terms (university_id, code);
CREATE TABLE question_pools (
    university_id bigint NOT NULL, id bigserial NOT NULL, course_id bigint, title varchar(255) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT question_pools_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT question_pools_course_id_fkey FOREIGN KEY (university_id, course_id) REFERENCES courses (university_id, id),
    CONSTRAINT question_pools_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE INDEX ix_question_pools_course_id ON question_pools (university_id, course_id);
CREATE TABLE grade_history (
    university_id bigint NOT NULL, id bigserial NOT NULL, course_offering_id bigint NOT NULL,
    user_id bigint NOT NULL, old_score numeric(6,2), new_score numeric(6,2), policy_version integer,
    changed_by bigint, reason text, changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT grade_history_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT grade_history_course_offering_id_fkey FOREIGN KEY (university_id, course_offering_id) REFERENCES course_offerings (university_id, id),
    CONSTRAINT grade_history_user_id_fkey FOREIGN KEY (university_id, user_id) REFERENCES university_members (university_id, user_id),
    CONSTRAINT grade_history_changed_by_fkey FOREIGN KEY (university_id, changed_by) REFERENCES university_members (university_id, user_id),
    CONSTRAINT grade_history_old_score_check CHECK (old_score BETWEEN 0 AND 9999.99),
    CONSTRAINT grade_history_new_score_check CHECK (new_score BETWEEN 0 AND 9999.99),
    CONSTRAINT grade_history_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE INDEX ix_grade_history_changed_by ON grade_history (university_id, changed_by);
CREATE INDEX ix_grade_history_person ON grade_history (university_id, course_offering_id, user_id, id);
CREATE INDEX ix_grade_history_user_id ON grade_history (university_id, user_id);
CREATE TABLE grading_policies (
    university_id bigint NOT NULL, id bigserial NOT NULL, course_id bigint NOT NULL, course_offering_id bigint,
    pass_mark numeric(5,2) NOT NULL DEFAULT 60, letter_scheme jsonb NOT NULL DEFAULT '[]'::jsonb,
    version integer NOT NULL DEFAULT 1, created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT grading_policies_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT grading_policies_course_id_fkey FOREIGN KEY (university_id, course_id) REFERENCES courses (university_id, id),
    CONSTRAINT grading_policies_course_offering_id_fkey FOREIGN KEY (university_id, course_id, course_offering_id) REFERENCES course_offerings (university_id, course_id, id),
    CONSTRAINT uq_grading_policies_scope UNIQUE NULLS NOT DISTINCT (university_id, course_id, course_offering_id),
    CONSTRAINT grading_policies_pass_mark_check CHECK (pass_mark BETWEEN 0 AND 100),
    CONSTRAINT grading_policies_letter_scheme_check CHECK (jsonb_typeof(letter_scheme) = 'array'),
    CONSTRAINT grading_policies_version_check CHECK (version >= 1),
    CONSTRAINT grading_policies_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE INDEX ix_grading_policies_course_offering_id ON grading_policies (university_id, course_offering_id);
CREATE TABLE offering_sections (
    university_id bigint NOT NULL, id bigserial NOT NULL, course_offering_id bigint NOT NULL,
    code varchar(32) NOT NULL, name varchar(255) NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT offering_sections_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT offering_sections_course_offering_id_fkey FOREIGN KEY (university_id, course_offering_id) REFERENCES course_offerings (university_id, id),
    CONSTRAINT uq_offering_sections_offering UNIQUE (university_id, course_offering_id, id),
    CONSTRAINT offering_sections_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE UNIQUE INDEX ux_offering_sections_code ON offering_sections (university_id, course_offering_id, code);
CREATE TABLE questions (
    university_id bigint NOT NULL, id bigserial NOT NULL, pool_id bigint NOT NULL, number integer NOT NULL,
    version integer NOT NULL DEFAULT 1, type varchar(32) NOT NULL, points numeric(6,2) NOT NULL DEFAULT 1,
    stem text NOT NULL, options jsonb NOT NULL DEFAULT '[]'::jsonb, hints jsonb NOT NULL DEFAULT '[]'::jsonb,
    is_active boolean NOT NULL DEFAULT true, created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT questions_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT questions_pool_id_fkey FOREIGN KEY (university_id, pool_id) REFERENCES question_pools (university_id, id),
    CONSTRAINT uq_questions_version UNIQUE (university_id, pool_id, number, version),
    CONSTRAINT questions_number_check CHECK (number >= 1),
    CONSTRAINT questions_version_check CHECK (version >= 1),
    CONSTRAINT questions_type_check CHECK (type IN ('single_choice', 'multiple_choice', 'numerical', 'text', 'dropdown', 'ordering', 'matching')),
    CONSTRAINT questions_points_check CHECK (points BETWEEN 0 AND 9999.99),
    CONSTRAINT questions_options_check CHECK (jsonb_typeof(options) = 'array'),
    CONSTRAINT questions_hints_check CHECK (jsonb_typeof(hints) = 'array'),
    CONSTRAINT questions_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE UNIQUE INDEX ux_questions_active ON questions (university_id, pool_id, number) WHERE is_active;
CREATE TABLE content_item_revisions (
    university_id bigint NOT NULL, content_item_id bigint NOT NULL, revision integer NOT NULL,
    title varchar(255) NOT NULL, data_json jsonb NOT NULL, changed_by bigint,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT content_item_revisions_pkey PRIMARY KEY (university_id, content_item_id, revision),
    CONSTRAINT content_item_revisions_content_item_id_fkey FOREIGN KEY (university_id, content_item_id) REFERENCES content_items (university_id, id),
    CONSTRAINT content_item_revisions_changed_by_fkey FOREIGN KEY (university_id, changed_by) REFERENCES university_members (university_id, user_id),
    CONSTRAINT content_item_revisions_revision_check CHECK (revision >= 1),
    CONSTRAINT content_item_revisions_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE INDEX ix_content_item_revisions_changed_by ON content_item_revisions (university_id, changed_by);
CREATE TABLE grade_categories (
    university_id bigint NOT NULL, id bigserial NOT NULL, policy_id bigint NOT NULL, name varchar(255) NOT NULL,
    position integer NOT NULL, weight numeric(5,2) NOT NULL, drop_lowest integer NOT NULL DEFAULT 0,
    drop_highest integer NOT NULL DEFAULT 0, min_count integer NOT NULL DEFAULT 0,
    extra_credit boolean NOT NULL DEFAULT false, created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT grade_categories_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT grade_categories_policy_id_fkey FOREIGN KEY (university_id, policy_id) REFERENCES grading_policies (university_id, id) ON DELETE CASCADE,
    CONSTRAINT uq_grade_categories_position UNIQUE (university_id, policy_id, position),
    CONSTRAINT uq_grade_categories_name UNIQUE (university_id, policy_id, name),
    CONSTRAINT grade_categories_weight_check CHECK (weight BETWEEN 0 AND 100),
    CONSTRAINT grade_categories_drop_lowest_check CHECK (drop_lowest >= 0),
    CONSTRAINT grade_categories_drop_highest_check CHECK (drop_highest >= 0),
    CONSTRAINT grade_categories_min_count_check CHECK (min_count >= 0),
    CONSTRAINT grade_categories_position_check CHECK (position >= 1),
    CONSTRAINT grade_categories_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE TABLE question_keys (
    university_id bigint NOT NULL, question_id bigint NOT NULL, answer jsonb NOT NULL, explanation text,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT question_keys_pkey PRIMARY KEY (university_id, question_id),
    CONSTRAINT question_keys_question_id_fkey FOREIGN KEY (university_id, question_id) REFERENCES questions (university_id, id) ON DELETE CASCADE,
    CONSTRAINT question_keys_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE TABLE content_item_settings (
    university_id bigint NOT NULL, id bigserial NOT NULL, course_id bigint NOT NULL,
    course_offering_id bigint NOT NULL, content_item_id bigint NOT NULL, section_id bigint, user_id bigint,
    unlock_at timestamptz, due_at timestamptz, lock_at timestamptz, points numeric(6,2),
    completion_rule varchar(16), min_score numeric(6,2), grade_category_id bigint,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT content_item_settings_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT content_item_settings_course_offering_id_fkey FOREIGN KEY (university_id, course_id, course_offering_id) REFERENCES course_offerings (university_id, course_id, id),
    CONSTRAINT content_item_settings_content_item_id_fkey FOREIGN KEY (university_id, course_id, content_item_id) REFERENCES content_items (university_id, course_id, id),
    CONSTRAINT content_item_settings_section_id_fkey FOREIGN KEY (university_id, course_offering_id, section_id) REFERENCES offering_sections (university_id, course_offering_id, id),
    CONSTRAINT content_item_settings_user_id_fkey FOREIGN KEY (university_id, user_id) REFERENCES university_members (university_id, user_id),
    CONSTRAINT content_item_settings_grade_category_id_fkey FOREIGN KEY (university_id, grade_category_id) REFERENCES grade_categories (university_id, id),
    CONSTRAINT uq_content_item_settings_scope UNIQUE NULLS NOT DISTINCT (university_id, course_offering_id, content_item_id, section_id, user_id),
    CONSTRAINT content_item_settings_scope_check CHECK (num_nonnulls(section_id, user_id) <= 1),
    CONSTRAINT content_item_settings_dates_check CHECK (unlock_at <= due_at AND due_at <= lock_at AND unlock_at <= lock_at),
    CONSTRAINT content_item_settings_points_check CHECK (points BETWEEN 0 AND 9999.99),
    CONSTRAINT content_item_settings_completion_rule_check CHECK (completion_rule IN ('view', 'submit', 'min_score', 'manual')),
    CONSTRAINT content_item_settings_min_score_check CHECK (min_score BETWEEN 0 AND 9999.99),
    CONSTRAINT content_item_settings_rule_needs_score_check CHECK (completion_rule <> 'min_score' OR min_score IS NOT NULL),
    CONSTRAINT content_item_settings_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE INDEX ix_content_item_settings_content_item_id ON content_item_settings (university_id, content_item_id);
CREATE INDEX ix_content_item_settings_due_at ON content_item_settings (university_id, course_offering_id, due_at);
CREATE INDEX ix_content_item_settings_grade_category_id ON content_item_settings (university_id, grade_category_id);
CREATE INDEX ix_content_item_settings_section_id ON content_item_settings (university_id, section_id);
CREATE INDEX ix_content_item_settings_user_id ON content_item_settings (university_id, user_id);
CREATE TABLE enrollment_events (
    university_id bigint NOT NULL, id bigserial NOT NULL, enrollment_id bigint NOT NULL,
    old_status enrollment_status_enum, new_status enrollment_status_enum NOT NULL, changed_by bigint, reason text,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT enrollment_events_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT enrollment_events_enrollment_id_fkey FOREIGN KEY (university_id, enrollment_id) REFERENCES course_enrollments (university_id, id),
    CONSTRAINT enrollment_events_changed_by_fkey FOREIGN KEY (university_id, changed_by) REFERENCES university_members (university_id, user_id),
    CONSTRAINT enrollment_events_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE INDEX ix_enrollment_events_changed_by ON enrollment_events (university_id, changed_by);
CREATE INDEX ix_enrollment_events_enrollment_id ON enrollment_events (university_id, enrollment_id, id);
CREATE TABLE grade_items (
    university_id bigint NOT NULL, id bigserial NOT NULL, course_offering_id bigint NOT NULL,
    grade_category_id bigint, title varchar(255) NOT NULL, points numeric(6,2) NOT NULL, held_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT grade_items_pkey PRIMARY KEY (university_id, id),
    CONSTRAINT grade_items_course_offering_id_fkey FOREIGN KEY (university_id, course_offering_id) REFERENCES course_offerings (university_id, id),
    CONSTRAINT grade_items_grade_category_id_fkey FOREIGN KEY (university_id, grade_category_id) REFERENCES grade_categories (university_id, id),
    CONSTRAINT uq_grade_items_offering UNIQUE (university_id, course_offering_id, id),
    CONSTRAINT uq_grade_items_title UNIQUE (university_id, course_offering_id, title),
    CONSTRAINT grade_items_points_check CHECK (points > 0 AND points <= 9999.99),
    CONSTRAINT grade_items_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE INDEX ix_grade_items_grade_category_id ON grade_items (university_id, grade_category_id);
CREATE TABLE grade_overrides (
    university_id bigint NOT NULL, course_offering_id bigint NOT NULL, user_id bigint NOT NULL,
    final_score numeric(6,2) NOT NULL, letter_grade varchar(8), reason text NOT NULL,
    overridden_by bigint NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT grade_overrides_pkey PRIMARY KEY (university_id, course_offering_id, user_id),
    CONSTRAINT grade_overrides_user_id_fkey FOREIGN KEY (university_id, course_offering_id, user_id) REFERENCES course_enrollments (university_id, course_offering_id, user_id),
    CONSTRAINT grade_overrides_overridden_by_fkey FOREIGN KEY (university_id, overridden_by) REFERENCES university_members (university_id, user_id),
    CONSTRAINT grade_overrides_final_score_check CHECK (final_score BETWEEN 0 AND 9999.99),
    CONSTRAINT grade_overrides_reason_check CHECK (length(reason) > 0),
    CONSTRAINT grade_overrides_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE INDEX ix_grade_overrides_overridden_by ON grade_overrides (university_id, overridden_by);
CREATE TABLE thread_read_marks (
    university_id bigint NOT NULL, thread_id bigint NOT NULL, user_id bigint NOT NULL,
    last_read_post_id bigint NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT thread_read_marks_pkey PRIMARY KEY (university_id, thread_id, user_id),
    CONSTRAINT thread_read_marks_thread_id_fkey FOREIGN KEY (university_id, thread_id) REFERENCES discussion_threads (university_id, id) ON DELETE CASCADE,
    CONSTRAINT thread_read_marks_user_id_fkey FOREIGN KEY (university_id, user_id) REFERENCES university_members (university_id, user_id),
    CONSTRAINT thread_read_marks_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE INDEX ix_thread_read_marks_user_id ON thread_read_marks (university_id, user_id);
CREATE TABLE grade_item_scores (
    university_id bigint NOT NULL, grade_item_id bigint NOT NULL, user_id bigint NOT NULL,
    course_offering_id bigint NOT NULL, score numeric(6,2) NOT NULL, graded_by bigint,
    graded_at timestamptz NOT NULL DEFAULT now(), posted_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT grade_item_scores_pkey PRIMARY KEY (university_id, grade_item_id, user_id),
    CONSTRAINT grade_item_scores_grade_item_id_fkey FOREIGN KEY (university_id, course_offering_id, grade_item_id) REFERENCES grade_items (university_id, course_offering_id, id),
    CONSTRAINT grade_item_scores_user_id_fkey FOREIGN KEY (university_id, course_offering_id, user_id) REFERENCES course_enrollments (university_id, course_offering_id, user_id),
    CONSTRAINT grade_item_scores_graded_by_fkey FOREIGN KEY (university_id, graded_by) REFERENCES university_members (university_id, user_id),
    CONSTRAINT grade_item_scores_score_check CHECK (score BETWEEN 0 AND 9999.99),
    CONSTRAINT grade_item_scores_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE INDEX ix_grade_item_scores_graded_by ON grade_item_scores (university_id, graded_by);
CREATE INDEX ix_grade_item_scores_user_id ON grade_item_scores (university_id, course_offering_id, user_id);
CREATE TABLE quiz_attempt_questions (
    university_id bigint NOT NULL, attempt_id bigint NOT NULL, position integer NOT NULL,
    question_id bigint NOT NULL, snapshot jsonb NOT NULL, points numeric(6,2) NOT NULL,
    CONSTRAINT quiz_attempt_questions_pkey PRIMARY KEY (university_id, attempt_id, position),
    CONSTRAINT quiz_attempt_questions_attempt_id_fkey FOREIGN KEY (university_id, attempt_id) REFERENCES quiz_attempts (university_id, id) ON DELETE CASCADE,
    CONSTRAINT quiz_attempt_questions_question_id_fkey FOREIGN KEY (university_id, question_id) REFERENCES questions (university_id, id),
    CONSTRAINT quiz_attempt_questions_position_check CHECK (position >= 1),
    CONSTRAINT quiz_attempt_questions_points_check CHECK (points BETWEEN 0 AND 9999.99),
    CONSTRAINT quiz_attempt_questions_snapshot_check CHECK (jsonb_typeof(snapshot) = 'object'),
    CONSTRAINT quiz_attempt_questions_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
CREATE INDEX ix_quiz_attempt_questions_question_id ON quiz_attempt_questions (university_id, question_id);
CREATE TABLE quiz_attempt_answers (
    university_id bigint NOT NULL, attempt_id bigint NOT NULL, position integer NOT NULL, response jsonb NOT NULL,
    points_awarded numeric(6,2), saved_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT quiz_attempt_answers_pkey PRIMARY KEY (university_id, attempt_id, position),
    CONSTRAINT quiz_attempt_answers_attempt_id_fkey FOREIGN KEY (university_id, attempt_id, position) REFERENCES quiz_attempt_questions (university_id, attempt_id, position) ON DELETE CASCADE,
    CONSTRAINT quiz_attempt_answers_points_awarded_check CHECK (points_awarded BETWEEN 0 AND 9999.99),
    CONSTRAINT quiz_attempt_answers_university_id_fkey FOREIGN KEY (university_id) REFERENCES universities (id)
);
