"""Who sees what and who may do what, as tables: each cell is asked of the API, or of a loader, by one of the people.

Of ALPHA all tables ask. The course P101 of the department PH has a private offering, in which student (of section A)
and other are enrolled; instructor and ta teach it, section_ta teaches its section A; bystander is a member and takes
part in nothing; far_… belong to the department CH with its unpublished course C101 and to nothing else. platform_admin
is no member of any university, and beta_admin, who administers BETA, none of ALPHA.
"""

import ast
import inspect
import re
from pathlib import Path

import pytest
from graphql import get_named_type, is_composite_type

import lms_graphql
from lms_graphql.catalog.policy import COURSE_ACTS, OFFERING_ACTS
from lms_graphql.discussion.policy import THREAD_ACTS
from lms_graphql.engine.context import Context, Principal
from lms_graphql.engine.dataloaders import Page
from lms_graphql.engine.relay import Cursors, GlobalId
from lms_graphql.privacy.loaders import DisclosuresByUser
from lms_graphql.schema import build
from lms_graphql.storage.snapshot import Snapshot
from lms_graphql.tenancy.policy import UNIVERSITY_ACTS
from lms_graphql.tenancy.service import Identities
from tests import test_walls
from tests.test_walls import LOADERS, rows_of
from tests.world import ALPHA_PEOPLE

SCHEMA = build()
PEOPLE = {
    "anon": None,
    "outs": "outsider",
    "plat": "platform_admin",
    "beta": "beta_admin",
    "byst": "bystander",
    "stud": "student",
    "othr": "other",
    "sect": "section_ta",
    "ta": "ta",
    "inst": "instructor",
    "f_in": "far_instructor",
    "dep": "department_admin",
    "f_de": "far_admin",
    "adm": "admin",
}
"""The columns of all tables."""

# A row is `Type name`, an object that `node` finds or does not, or `Type name.path`, what a field of it gives; fields
# of Query and Viewer stand behind these. A cell is + for a value or true, - for null, false or what is not found, else
# a number: how many things the lists on the path have, or the number itself.
SEEN = """
                                                                   anon outs plat beta byst stud othr sect   ta inst f_in  dep f_de  adm
Country country                                                       +    +    +    +    +    +    +    +    +    +    +    +    +    +
University university                                                 +    +    +    +    +    +    +    +    +    +    +    +    +    +
University beta                                                       +    +    +    +    +    +    +    +    +    +    +    +    +    +
Domain domain                                                         +    +    +    +    +    +    +    +    +    +    +    +    +    +
Subject subject                                                       +    +    +    +    +    +    +    +    +    +    +    +    +    +
Department department                                                 +    +    +    +    +    +    +    +    +    +    +    +    +    +
Department department.courses.totalCount                              1    1    1    1    1    1    1    1    1    1    1    1    1    1
Department department.administrators                                  0    0    0    0    0    0    0    0    0    0    0    1    0    1
Department far_department.courses.totalCount                          0    0    0    0    0    0    0    0    0    0    1    0    1    1
Department far_department.administrators                              0    0    0    0    0    0    0    0    0    0    0    0    1    1
Term term                                                             +    +    +    +    +    +    +    +    +    +    +    +    +    +
Asset asset                                                           +    +    +    +    +    +    +    +    +    +    +    +    +    +
Asset used_asset                                                      -    -    -    -    -    -    -    +    +    +    -    +    -    +
Asset used_asset.usage.totalCount                                     -    -    -    -    -    -    -    1    1    1    -    1    -    1
Course course                                                         +    +    +    +    +    +    +    +    +    +    +    +    +    +
Course draft                                                          -    -    -    -    -    -    -    -    -    -    -    -    -    +
Course far_course                                                     -    -    -    -    -    -    -    -    -    -    +    -    +    +
Course course.offerings.totalCount                                    1    1    1    1    2    3    3    3    3    3    2    3    2    3
Course course.prerequisites                                           0    0    0    0    0    0    0    0    0    0    0    0    0    1
Course course.syllabus.modules                                        3    3    3    3    3    3    3    5    5    5    3    5    3    5
Course course.questionPools.totalCount                                0    0    0    0    0    0    0    1    1    1    0    1    0    1
Course course.gradingPolicy                                           +    +    +    +    +    +    +    +    +    +    +    +    +    +
Module lesson                                                         +    +    +    +    +    +    +    +    +    +    +    +    +    +
Module lesson.template                                                -    -    -    -    -    -    -    +    +    +    +    +    +    +
Module lesson.templateVersion                                         -    -    -    -    -    -    -    +    +    +    -    +    -    +
Module lesson.templateDrift                                           -    -    -    -    -    -    -    1    1    1    -    1    -    1
Module hidden                                                         -    -    -    -    -    -    -    +    +    +    -    +    -    +
Module below                                                          -    -    -    -    -    -    -    +    +    +    -    +    -    +
Module draft_module                                                   -    -    -    -    -    -    -    -    -    -    -    -    -    +
Module far_module                                                     -    -    -    -    -    -    -    -    -    -    +    -    +    +
VideoContent video                                                    +    +    +    +    +    +    +    +    +    +    +    +    +    +
QuizContent quiz                                                      +    +    +    +    +    +    +    +    +    +    +    +    +    +
QuizContent quiz.questionPool                                         -    -    -    -    -    -    -    +    +    +    -    +    -    +
EngineeringLabContent engineering_lab                                 +    +    +    +    +    +    +    +    +    +    +    +    +    +
EngineeringLabContent engineering_lab.files                           1    1    1    1    1    1    1    1    1    1    1    1    1    1
EngineeringLabContent engineering_lab.staffDetails.containerImage     -    -    -    -    -    -    -    +    +    +    -    +    -    +
EngineeringLabContent engineering_lab.staffDetails.env                -    -    -    -    -    -    -    1    1    1    -    1    -    1
EngineeringLabContent engineering_lab.staffDetails.hiddenFiles        -    -    -    -    -    -    -    1    1    1    -    1    -    1
TextContent text                                                      +    +    +    +    +    +    +    +    +    +    +    +    +    +
TextContent inactive                                                  -    -    -    -    -    -    -    +    +    +    -    +    -    +
TextContent buried                                                    -    -    -    -    -    -    -    +    +    +    -    +    -    +
TextContent draft_item                                                -    -    -    -    -    -    -    -    -    -    -    -    -    +
AssignmentContent assignment                                          +    +    +    +    +    +    +    +    +    +    +    +    +    +
AssignmentContent assignment.rubric                                   1    1    1    1    1    1    1    1    1    1    1    1    1    1
ResourceContent resource                                              +    +    +    +    +    +    +    +    +    +    +    +    +    +
ModuleTemplate template                                               -    -    -    -    -    -    -    +    +    +    +    +    +    +
ModuleTemplate template.latestVersion                                 -    -    -    -    -    -    -    +    +    +    +    +    +    +
ModuleTemplate template.draft                                         -    -    -    -    -    -    -    -    -    -    -    1    1    1
ModuleTemplate template.versions.edges                                -    -    -    -    -    -    -    1    1    1    1    1    1    1
ModuleTemplate template.instances.edges                               -    -    -    -    -    -    -    1    1    1    0    1    0    1
TemplateVersion template_version                                      -    -    -    -    -    -    -    +    +    +    +    +    +    +
TemplateVersion template_version.tree                                 -    -    -    -    -    -    -    1    1    1    1    1    1    1
QuestionPool pool                                                     -    -    -    -    -    -    -    +    +    +    -    +    -    +
Question question_2                                                   -    -    -    -    -    -    -    +    +    +    -    +    -    +
Question question_2.answerKey.correct                                 -    -    -    -    -    -    -    1    1    1    -    1    -    1
Question question_2.answerKey.explanation                             -    -    -    -    -    -    -    +    +    +    -    +    -    +
CourseOffering public                                                 +    +    +    +    +    +    +    +    +    +    +    +    +    +
CourseOffering members                                                -    -    -    -    +    +    +    +    +    +    +    +    +    +
CourseOffering private                                                -    -    -    -    -    +    +    +    +    +    -    +    -    +
CourseOffering far_offering                                           -    -    -    -    -    -    -    -    -    -    +    -    +    +
CourseOffering private.sections                                       -    -    -    -    -    2    2    2    2    2    -    2    -    2
CourseOffering private.instructors                                    -    -    -    -    -    3    3    3    3    3    -    3    -    3
CourseOffering private.enrollments.totalCount                         -    -    -    -    -    1    1    1    2    2    -    2    -    2
CourseOffering private.grades.edges                                   -    -    -    -    -    1    1    1    2    2    -    2    -    2
CourseOffering private.quizAttempts.totalCount                        -    -    -    -    -    2    2    2    4    4    -    4    -    4
CourseOffering private.submissions.totalCount                         -    -    -    -    -    4    4    4    8    8    -    8    -    8
CourseOffering private.needsGrading.totalCount                        -    -    -    -    -    0    0    1    2    2    -    2    -    2
CourseOffering private.threads.totalCount                             -    -    -    -    -    2    2    3    3    3    -    3    -    3
CourseOffering private.reportedPosts.totalCount                       -    -    -    -    -    0    0    1    1    1    -    1    -    1
CourseOffering private.overrides.edges                                -    -    -    -    -    -    -    0    1    1    -    1    -    1
CourseOffering private.gradebook.columns                              -    -    -    -    -    -    -    4    4    4    -    4    -    4
CourseOffering private.gradebook.rows.edges                           -    -    -    -    -    -    -    1    2    2    -    2    -    2
CourseOffering private.gradeItems                                     -    -    -    -    -    1    1    1    1    1    -    1    -    1
CourseOffering private.gradingPolicy                                  -    -    -    -    -    +    +    +    +    +    -    +    -    +
CourseOffering public.enrollments.totalCount                          0    0    0    0    0    0    0    0    0    1    0    1    0    1
CourseOffering public.certificates.totalCount                         0    0    0    0    0    0    0    0    0    2    0    2    0    2
CourseOffering public.reviews.totalCount                              1    1    1    1    1    1    1    1    1    1    1    1    1    1
CourseOffering public.gradebook.rows.edges                            -    -    -    -    -    -    -    -    -    1    -    1    -    1
OfferingSection section                                               -    -    -    -    -    +    +    +    +    +    -    +    -    +
OfferingSection section.enrollments.edges                             -    -    -    -    -    1    0    1    1    1    -    1    -    1
OfferingInstructor teaches_section                                    -    -    -    -    -    +    +    +    +    +    -    +    -    +
Enrollment enrollment_0                                               -    -    -    -    -    +    -    +    +    +    -    +    -    +
Enrollment enrollment_1                                               -    -    -    -    -    -    +    -    +    +    -    +    -    +
Enrollment enrollment_0.contentProgress.edges                         -    -    -    -    -    1    -    1    1    1    -    1    -    1
Enrollment enrollment_0.moduleProgress                                -    -    -    -    -    2    -    2    2    2    -    2    -    2
Enrollment enrollment_1.moduleProgress                                -    -    -    -    -    -    2    -    2    2    -    2    -    2
Enrollment enrollment_0.grade                                         -    -    -    -    -    +    -    +    +    +    -    +    -    +
Enrollment finished                                                   -    -    -    -    -    -    -    -    -    +    -    +    -    +
EnrollmentEvent event                                                 -    -    -    -    -    +    -    +    +    +    -    +    -    +
CourseGrade grade_0                                                   -    -    -    -    -    +    -    +    +    +    -    +    -    +
CourseGrade grade_1                                                   -    -    -    -    -    -    +    -    +    +    -    +    -    +
Job job                                                               -    -    -    -    -    -    -    -    -    +    -    -    -    +
RosterImport roster_import                                            -    -    -    -    -    -    -    -    -    -    -    -    -    +
GradingPolicy policy                                                  +    +    +    +    +    +    +    +    +    +    +    +    +    +
GradeCategory exams                                                   +    +    +    +    +    +    +    +    +    +    +    +    +    +
GradeItem exam                                                        -    -    -    -    -    +    +    +    +    +    -    +    -    +
QuizAttempt attempt_0                                                 -    -    -    -    -    +    -    +    +    +    -    +    -    +
QuizAttempt attempt_0.questions                                       -    -    -    -    -    1    -    1    1    1    -    1    -    1
QuizAttempt attempt_0.review.heldBack                                 -    -    -    -    -    +    -    +    +    +    -    +    -    +
QuizAttempt attempt_0.questions.answerKey                             -    -    -    -    -    0    -    1    1    1    -    1    -    1
QuizAttempt attempt_0.questions.question                              -    -    -    -    -    0    -    1    1    1    -    1    -    1
QuizAttempt attempt_1                                                 -    -    -    -    -    -    +    -    +    +    -    +    -    +
Submission posted_0                                                   -    -    -    -    -    +    -    +    +    +    -    +    -    +
Submission posted_0.score                                             -    -    -    -    -    +    -    +    +    +    -    +    -    +
Submission posted_0.publicResults                                     -    -    -    -    -    1    -    1    1    1    -    1    -    1
Submission posted_0.staffDetails.hiddenResults                        -    -    -    -    -    -    -    1    1    1    -    1    -    1
Submission posted_0.staffDetails.autoGradeResults                     -    -    -    -    -    -    -    1    1    1    -    1    -    1
Submission posted_0.staffDetails.gradedBy                             -    -    -    -    -    -    -    +    +    +    -    +    -    +
Upload file_0                                                         -    -    -    -    -    +    -    +    +    +    -    +    -    +
Submission later_0.score                                              -    -    -    -    -    -    -    +    +    +    -    +    -    +
Submission later_0.maxScore                                           -    -    -    -    -    -    -    +    +    +    -    +    -    +
Submission later_0.feedback                                           -    -    -    -    -    -    -    +    +    +    -    +    -    +
Submission unposted_0.feedback                                        -    -    -    -    -    -    -    +    +    +    -    +    -    +
Submission posted_1                                                   -    -    -    -    -    -    +    -    +    +    -    +    -    +
Submission unposted_1.score                                           -    -    -    -    -    -    -    -    +    +    -    +    -    +
Certificate certificate                                               -    -    -    -    -    -    -    -    -    +    -    +    -    +
Certificate revoked                                                   -    -    -    -    -    -    -    -    -    +    -    +    -    +
CourseReview review                                                   +    +    +    +    +    +    +    +    +    +    +    +    +    +
CourseReview review.authorName                                        -    -    -    -    +    +    +    +    +    +    +    +    +    +
DiscussionThread thread                                               -    -    -    -    -    +    +    +    +    +    -    +    -    +
DiscussionThread thread.createdByName                                 -    -    -    -    -    +    +    +    +    +    -    +    -    +
DiscussionThread hidden_thread                                        -    -    -    -    -    -    -    +    +    +    -    +    -    +
DiscussionPost post                                                   -    -    -    -    -    +    +    +    +    +    -    +    -    +
DiscussionPost post.authorName                                        -    -    -    -    -    +    +    +    +    +    -    +    -    +
PostReport report                                                     -    -    -    -    -    -    -    +    +    +    -    +    -    +
PostReport report.reporter                                            -    -    -    -    -    -    -    -    +    +    -    +    -    +
PostRevision revision                                                 -    -    -    -    -    +    -    +    +    +    -    +    -    +
PostRevision revision.replacedByName                                  -    -    -    -    -    +    -    +    +    +    -    +    -    +
User instructor                                                       -    -    -    -    +    +    +    +    +    +    +    +    +    +
User instructor.email                                                 -    -    -    -    -    -    -    -    -    +    -    -    -    +
User far_instructor.roles                                             -    -    -    -    0    0    0    0    0    0    1    0    0    1
User student                                                          -    -    -    -    -    +    -    +    +    +    -    +    -    +
User student.email                                                    -    -    -    -    -    +    -    +    +    +    -    +    -    +
User student.memberStatus                                             -    -    -    -    -    +    -    +    +    +    -    +    -    +
User student.roles                                                    -    -    -    -    -    1    -    1    1    1    -    1    -    1
User student.enrollments.edges                                        -    -    -    -    -    1    -    1    1    1    -    1    -    1
User other                                                            -    -    -    -    -    -    +    -    +    +    -    +    -    +
User other.email                                                      -    -    -    -    -    -    +    -    +    +    -    +    -    +
User bystander                                                        -    -    -    -    +    -    -    -    -    -    -    -    -    +
User bystander.email                                                  -    -    -    -    +    -    -    -    -    -    -    -    -    +
User admin.certificates.totalCount                                    -    -    -    -    -    -    -    -    -    2    -    2    -    2
Viewer user.email                                                     -    -    -    -    +    +    +    +    +    +    +    +    +    +
Viewer user.roles                                                     -    -    -    -    1    1    1    1    1    1    1    2    2    1
Viewer enrollments.edges                                              -    0    0    0    0    1    1    0    0    0    0    0    0    1
Viewer isPlatformAdmin                                                -    -    +    -    -    -    -    -    -    -    -    -    -    -
University university.members.totalCount                              0    0    0    0    5    5    5    5    6    7    4    8    5   11
University university.questionPools.totalCount                        0    0    0    0    0    0    0    1    1    1    0    1    0    1
Query courses.totalCount                                              1    1    1    1    1    1    1    1    1    1    2    1    2    3
Query courses(first: 50, filter: {text: "matter"}).totalCount         0    0    0    0    0    0    0    0    0    0    1    0    1    1
Query courses(first: 50, orderBy: {enrollments: DESC}).edges          1    1    1    1    1    1    1    1    1    1    2    1    2    3
Query offerings.totalCount                                            1    1    1    1    2    3    3    3    3    3    3    3    3    4
Query moduleTemplates.edges                                           0    0    0    0    0    0    0    1    1    1    1    1    1    1
Query assets.totalCount                                               0    0    0    0    0    0    0    2    2    2    1    2    1    2
Query orphanAssets.totalCount                                         0    0    0    0    0    0    0    1    1    1    1    1    1    1
Query jobs.edges                                                      0    0    0    0    0    0    0    0    0    1    0    0    0    1
Query questionPools.totalCount                                        0    0    0    0    0    0    0    1    1    1    0    1    0    1
Query analytics                                                       -    -    -    -    -    -    -    +    +    +    +    +    +    +
Query analytics.courseEnrollmentCounts.edges                          -    -    -    -    -    -    -    1    1    1    1    1    1    3
Query analytics.lessonTemplates.edges                                 -    -    -    -    -    -    -    1    1    1    0    1    0    1
"""  # noqa: E501 - one table

# As above, with the name of an act in the place of a path.
MAY = """
                                                                   anon outs plat beta byst stud othr sect   ta inst f_in  dep f_de  adm
Viewer EXPLORE                                                        -    -    -    -    -    -    -    +    +    +    +    +    +    +
Viewer SEE_REPORTS                                                    -    -    -    -    -    -    -    +    +    +    +    +    +    +
Viewer VIEW_AS                                                        -    -    -    -    -    -    -    +    +    +    +    +    +    +
Viewer MANAGE_ASSETS                                                  -    -    -    -    -    -    -    -    -    +    +    +    +    +
Viewer ADD_COURSE                                                     -    -    -    -    -    -    -    -    -    -    -    +    +    +
Viewer MANAGE_TEMPLATES                                               -    -    -    -    -    -    -    -    -    -    -    +    +    +
Viewer MANAGE_SHARED_POOLS                                            -    -    -    -    -    -    -    -    -    -    -    +    +    +
Viewer MANAGE_UNIVERSITY                                              -    -    -    -    -    -    -    -    -    -    -    -    -    +
Viewer MANAGE_DEPARTMENTS                                             -    -    -    -    -    -    -    -    -    -    -    -    -    +
Viewer MANAGE_TERMS                                                   -    -    -    -    -    -    -    -    -    -    -    -    -    +
Viewer MANAGE_MEMBERS                                                 -    -    -    -    -    -    -    -    -    -    -    -    -    +
Viewer MANAGE_ROLES                                                   -    -    -    -    -    -    -    -    -    -    -    +    +    +
Viewer SEE_AUDIT_LOG                                                  -    -    -    -    -    -    -    -    -    -    -    -    -    +
Course course SEE_UNPUBLISHED                                         -    -    -    -    -    -    -    +    +    +    -    +    -    +
Course course EXPORT                                                  -    -    -    -    -    -    -    -    -    +    -    +    -    +
Course course EDIT                                                    -    -    -    -    -    -    -    -    -    +    -    +    -    +
Course course EDIT_SYLLABUS                                           -    -    -    -    -    -    -    -    -    +    -    +    -    +
Course course EDIT_QUESTIONS                                          -    -    -    -    -    -    -    -    -    +    -    +    -    +
Course course EDIT_GRADING_POLICY                                     -    -    -    -    -    -    -    -    -    +    -    +    -    +
Course course PUBLISH                                                 -    -    -    -    -    -    -    -    -    +    -    +    -    +
Course course EDIT_CATALOG_ENTRY                                      -    -    -    -    -    -    -    -    -    -    -    +    -    +
Course course ADD_OFFERING                                            -    -    -    -    -    -    -    -    -    -    -    +    -    +
Course course COPY                                                    -    -    -    -    -    -    -    -    -    -    -    +    -    +
Course course DELETE                                                  -    -    -    -    -    -    -    -    -    -    -    +    -    +
Course far_course EDIT                                                -    -    -    -    -    -    -    -    -    -    +    -    +    +
Course far_course EDIT_CATALOG_ENTRY                                  -    -    -    -    -    -    -    -    -    -    -    -    +    +
CourseOffering private SEE_RECORDS                                    -    -    -    -    -    -    -    +    +    +    -    +    -    +
CourseOffering private GRADE                                          -    -    -    -    -    -    -    +    +    +    -    +    -    +
CourseOffering private MODERATE                                       -    -    -    -    -    -    -    +    +    +    -    +    -    +
CourseOffering private EDIT_SETTINGS                                  -    -    -    -    -    -    -    -    -    +    -    +    -    +
CourseOffering private MANAGE_SECTIONS                                -    -    -    -    -    -    -    -    -    +    -    +    -    +
CourseOffering private MANAGE_ENROLLMENTS                             -    -    -    -    -    -    -    -    -    +    -    +    -    +
CourseOffering private EDIT_GRADING_POLICY                            -    -    -    -    -    -    -    -    -    +    -    +    -    +
CourseOffering private RELEASE_GRADES                                 -    -    -    -    -    -    -    -    -    +    -    +    -    +
CourseOffering private OVERRIDE_GRADES                                -    -    -    -    -    -    -    -    -    +    -    +    -    +
CourseOffering private EXPORT_GRADES                                  -    -    -    -    -    -    -    -    -    +    -    +    -    +
CourseOffering private ISSUE_CERTIFICATES                             -    -    -    -    -    -    -    -    -    +    -    +    -    +
CourseOffering private EDIT                                           -    -    -    -    -    -    -    -    -    -    -    +    -    +
CourseOffering private ASSIGN_INSTRUCTORS                             -    -    -    -    -    -    -    -    -    -    -    +    -    +
CourseOffering private COPY                                           -    -    -    -    -    -    -    -    -    -    -    +    -    +
CourseOffering private DELETE                                         -    -    -    -    -    -    -    -    -    -    -    +    -    +
CourseOffering public SEE_RECORDS                                     -    -    -    -    -    -    -    -    -    +    -    +    -    +
CourseOffering public GRADE                                           -    -    -    -    -    -    -    -    -    +    -    +    -    +
CourseOffering public RELEASE_GRADES                                  -    -    -    -    -    -    -    -    -    +    -    +    -    +
CourseOffering public EDIT                                            -    -    -    -    -    -    -    -    -    -    -    +    -    +
DiscussionThread thread REPLY                                         -    -    -    -    -    +    +    +    +    +    -    +    -    +
DiscussionThread thread REPORT                                        -    -    -    -    -    +    +    -    -    -    -    -    -    -
DiscussionThread thread EDIT                                          -    -    -    -    -    +    -    +    +    +    -    +    -    +
DiscussionThread thread ACCEPT_POST                                   -    -    -    -    -    +    -    +    +    +    -    +    -    +
DiscussionThread thread LOCK                                          -    -    -    -    -    -    -    +    +    +    -    +    -    +
DiscussionThread thread PIN                                           -    -    -    -    -    -    -    +    +    +    -    +    -    +
DiscussionThread thread HIDE                                          -    -    -    -    -    -    -    +    +    +    -    +    -    +
DiscussionThread thread DELETE                                        -    -    -    -    -    -    -    +    +    +    -    +    -    +
"""  # noqa: E501 - one table

# How many rows each loader gives a person for all keys there are: of pages the rows that differ, of others all.
LOADED = """
                                                                   anon outs plat beta byst stud othr sect   ta inst f_in  dep f_de  adm
CourseEnrollmentCounts                                                0    0    0    0    0    0    0    1    1    1    1    1    1    3
LessonTemplateProgressByUniversity                                    0    0    0    0    0    0    0    1    1    1    0    1    0    1
OfferingProgressById                                                  0    0    0    0    0    0    0    1    1    2    1    3    1    4
StudentProgressByOffering                                             0    0    0    0    0    0    0    1    2    3    0    3    0    3
AttemptById                                                           0    0    0    0    0    2    2    2    4    4    0    4    0    4
AttemptsByEnrollment                                                  0    0    0    0    0    2    2    2    4    4    0    4    0    4
AttemptsByOffering                                                    0    0    0    0    0    2    2    2    4    4    0    4    0    4
CriteriaByItem                                                        1    1    1    1    1    1    1    1    1    1    1    1    1    1
FilesBySubmission                                                     0    0    0    0    0    1    1    1    2    2    0    2    0    2
KeyByQuestion                                                         0    0    0    0    0    0    0    2    2    2    0    2    0    2
KeysByAttempt                                                         0    0    0    0    0    0    0    2    4    4    0    4    0    4
NeedsGradingByOffering                                                0    0    0    0    0    0    0    1    2    2    0    2    0    2
PoolById                                                              0    0    0    0    0    0    0    1    1    1    0    1    0    1
PoolsByCourse                                                         0    0    0    0    0    0    0    1    1    1    0    1    0    1
ChosenPools                                                           0    0    0    0    0    0    0    1    1    1    0    1    0    1
PoolsByUniversity                                                     0    0    0    0    0    0    0    1    1    1    0    1    0    1
QuestionById                                                          0    0    0    0    0    0    0    2    2    2    0    2    0    2
QuestionsByAttempt                                                    0    0    0    0    0    2    2    2    4    4    0    4    0    4
UsageByPool                                                           0    0    0    0    0    0    0    1    1    1    0    1    0    1
UsageByQuestion                                                       0    0    0    0    0    0    0    2    2    2    0    2    0    2
UsesByPool                                                            0    0    0    0    0    0    0    1    1    1    0    1    0    1
VersionsByQuestion                                                    0    0    0    0    0    0    0    2    2    2    0    2    0    2
QuestionsByPool                                                       0    0    0    0    0    0    0    2    2    2    0    2    0    2
ReviewByAttempt                                                       0    0    0    0    0    2    2    2    4    4    0    4    0    4
RatingsByCriterion                                                    1    1    1    1    1    1    1    1    1    1    1    1    1    1
SubmissionById                                                        0    0    0    0    0    4    4    4    8    8    0    8    0    8
SubmissionsByEnrollment                                               0    0    0    0    0    4    4    4    8    8    0    8    0    8
SubmissionsByOffering                                                 0    0    0    0    0    4    4    4    8    8    0    8    0    8
UploadById                                                            0    0    0    0    0    1    1    1    2    2    0    2    0    2
ViewerAttempts                                                        0    0    0    0    0    2    2    0    0    0    0    0    0    0
ViewerSubmissions                                                     0    0    0    0    0    4    4    0    0    0    0    0    0    0
AllPrerequisitesByCourse                                              0    0    0    0    0    0    0    0    0    0    0    0    0    1
AssetNumbers                                                          1    1    1    1    1    1    1    2    2    2    1    2    1    2
CourseByCode                                                          1    1    1    1    1    1    1    1    1    1    1    1    1    2
CourseById                                                            1    1    1    1    1    1    1    1    1    1    2    1    2    3
CoursesByDepartment                                                   1    1    1    1    1    1    1    1    1    1    2    1    2    2
CoursesBySubject                                                      1    1    1    1    1    1    1    1    1    1    1    1    1    1
CoursesBySubtree                                                      1    1    1    1    1    1    1    1    1    1    1    1    1    1
CoursesByUniversity                                                   1    1    1    1    1    1    1    1    1    1    2    1    2    3
DependentsByCourse                                                    0    0    0    0    0    0    0    0    0    0    0    0    0    1
DomainById                                                            1    1    1    1    1    1    1    1    1    1    1    1    1    1
Domains                                                               1    1    1    1    1    1    1    1    1    1    1    1    1    1
InstructorById                                                        1    1    1    1    1    4    4    4    4    4    2    4    2    5
InstructorsByOffering                                                 1    1    1    1    1    4    4    4    4    4    2    4    2    5
InstructorsBySection                                                  0    0    0    0    0    1    1    1    1    1    0    1    0    1
OfferingById                                                          1    1    1    1    2    3    3    3    3    3    3    3    3    4
OfferingsByCourse                                                     1    1    1    1    2    3    3    3    3    3    3    3    3    4
OfferingsByInstructor                                                 1    1    1    1    1    2    2    2    2    2    2    2    2    3
OfferingsByTerm                                                       1    1    1    1    1    2    2    2    2    2    1    2    1    2
OfferingsByUniversity                                                 1    1    1    1    2    3    3    3    3    3    3    3    3    4
PoolSizes                                                             0    0    0    0    0    0    0    1    1    1    0    1    0    1
PrerequisitesByCourse                                                 0    0    0    0    0    0    0    0    0    0    0    0    0    1
PublishProblemsByCourse                                               0    0    0    0    0    0    0    8    8    8    1    8    1   10
SectionById                                                           0    0    0    0    0    2    2    2    2    2    0    2    0    2
SectionsByOffering                                                    0    0    0    0    0    2    2    2    2    2    0    2    0    2
SubjectAncestors                                                      1    1    1    1    1    1    1    1    1    1    1    1    1    1
SubjectByCode                                                         1    1    1    1    1    1    1    1    1    1    1    1    1    1
SubjectById                                                           2    2    2    2    2    2    2    2    2    2    2    2    2    2
SubjectDescendants                                                    1    1    1    1    1    1    1    1    1    1    1    1    1    1
Subjects                                                              2    2    2    2    2    2    2    2    2    2    2    2    2    2
SubjectsByCourse                                                      1    1    1    1    1    1    1    1    1    1    1    1    1    1
SubjectsByDomain                                                      1    1    1    1    1    1    1    1    1    1    1    1    1    1
SubjectsByParent                                                      1    1    1    1    1    1    1    1    1    1    1    1    1    1
TermById                                                              1    1    1    1    1    1    1    1    1    1    1    1    1    1
TermsByUniversity                                                     1    1    1    1    1    1    1    1    1    1    1    1    1    1
CertificateByEnrollment                                               0    0    0    0    0    0    0    0    0    1    0    1    0    1
CertificateById                                                       0    0    0    0    0    0    0    0    0    2    0    2    0    2
CertificatesByOffering                                                0    0    0    0    0    0    0    0    0    2    0    2    0    2
CertificatesByUser                                                    0    0    0    0    0    0    0    0    0    2    0    2    0    2
VerificationByCode                                                    1    1    1    1    1    1    1    1    1    1    1    1    1    1
AssetById                                                             1    1    1    1    1    1    1    2    2    2    1    2    1    2
Assets                                                                0    0    0    0    0    0    0    2    2    2    1    2    1    2
OrphanAssets                                                          0    0    0    0    0    0    0    1    1    1    1    1    1    1
UsesByAsset                                                           0    0    0    0    0    0    0    1    1    1    0    1    0    1
DueByOffering                                                         0    0    0    0    0    1    1    1    1    1    0    1    0    1
DueByUser                                                             0    0    0    0    0    1    1    1    1    1    0    1    0    1
ItemById                                                              6    6    6    6    6    6    6    8    8    8    6    8    6    9
ItemsByModule                                                         6    6    6    6    6    6    6    8    8    8    6    8    6    9
ItemsOfCourse                                                         6    6    6    6    6    6    6    8    8    8    6    8    6    9
NeighboursByItem                                                      6    6    6    6    6    6    6    8    8    8    6    8    6    9
OverrideById                                                          0    0    0    0    0    0    0    0    1    1    0    1    0    1
OverridesByOffering                                                   0    0    0    0    0    0    0    0    1    1    0    1    0    1
RevisionByNumber                                                      0    0    0    0    0    0    0    8    8    8    0    8    0    9
RevisionsByItem                                                       0    0    0    0    0    0    0    1    1    1    0    1    0    1
SettingById                                                           0    0    0    0    0    1    1    2    2    2    0    2    0    2
SettingForViewer                                                      0    0    0    0    0    1    1    1    1    1    0    1    0    1
TranscriptByItem                                                      1    1    1    1    1    1    1    1    1    1    1    1    1    1
ActivityByThread                                                      0    0    0    0    0    1    1    1    1    1    0    1    0    1
DepthByPost                                                           0    0    0    0    0    2    2    2    2    2    0    2    0    2
PostById                                                              0    0    0    0    0    2    2    2    2    2    0    2    0    2
PostTreeByThread                                                      0    0    0    0    0    2    2    2    2    2    0    2    0    2
PostsByThread                                                         0    0    0    0    0    1    1    1    1    1    0    1    0    1
RepliesByPost                                                         0    0    0    0    0    1    1    1    1    1    0    1    0    1
ReportById                                                            0    0    0    0    0    0    0    1    1    1    0    1    0    1
ReportedPostsByOffering                                               0    0    0    0    0    0    0    1    1    1    0    1    0    1
ReportsByPost                                                         0    0    0    0    0    0    0    1    1    1    0    1    0    1
RevisionById                                                          0    0    0    0    0    1    0    1    1    1    0    1    0    1
RevisionsByPost                                                       0    0    0    0    0    1    0    1    1    1    0    1    0    1
ThreadById                                                            0    0    0    0    0    2    2    3    3    3    0    3    0    3
ThreadsByItem                                                         0    0    0    0    0    1    1    1    1    1    0    1    0    1
ThreadsByModule                                                       0    0    0    0    0    1    1    2    2    2    0    2    0    2
ThreadsByOffering                                                     0    0    0    0    0    2    2    3    3    3    0    3    0    3
EligibilityByCourse                                                   0    0    0    0    0    0    0    0    0    0    0    0    0    1
EligibilityByOffering                                                 1    1    1    1    2    3    3    3    3    3    3    3    3    4
EnrollmentById                                                        0    0    0    0    0    1    1    1    2    3    0    3    0    3
EnrollmentsByOffering                                                 0    0    0    0    0    1    1    1    2    3    0    3    0    3
EnrollmentsBySection                                                  0    0    0    0    0    1    0    1    1    1    0    1    0    1
EnrollmentsByUser                                                     0    0    0    0    0    1    1    1    2    3    0    3    0    3
EventById                                                             0    0    0    0    0    1    0    1    1    1    0    1    0    1
EventsByEnrollment                                                    0    0    0    0    0    1    0    1    1    1    0    1    0    1
OfferingStates                                                        1    1    1    1    2    3    3    3    3    3    3    3    3    4
ViewerEnrollmentByOffering                                            0    0    0    0    0    1    1    0    0    0    0    0    0    1
ViewerWaitlistPosition                                                0    0    0    0    0    1    1    0    0    0    0    0    0    1
WaitlistPositionByEnrollment                                          0    0    0    0    0    1    1    1    2    3    0    3    0    3
CategoriesByPolicy                                                    2    2    2    2    2    2    2    2    2    2    2    2    2    2
CategoryById                                                          2    2    2    2    2    2    2    2    2    2    2    2    2    2
CellsByEnrollment                                                     0    0    0    0    0    0    0    4    8    8    0    8    0    8
ColumnsByOffering                                                     0    0    0    0    0    0    0    4    4    7    0   10    0   10
GradeByEnrollment                                                     0    0    0    0    0    1    1    1    2    2    0    2    0    2
GradeById                                                             0    0    0    0    0    1    1    1    2    2    0    2    0    2
GradeItemById                                                         0    0    0    0    0    1    1    1    1    1    0    1    0    1
GradeItemsByOffering                                                  0    0    0    0    0    1    1    1    1    1    0    1    0    1
GradesByOffering                                                      0    0    0    0    0    1    1    1    2    2    0    2    0    2
PeopleByGradebook                                                     0    0    0    0    0    0    0    1    2    3    0    3    0    3
PolicyByCourse                                                        1    1    1    1    1    1    1    1    1    1    1    1    1    1
PolicyById                                                            1    1    1    1    1    1    1    1    1    1    1    1    1    1
PolicyByOffering                                                      1    1    1    1    2    3    3    3    3    3    2    3    2    3
ScoresByEnrollment                                                    0    0    0    0    0    1    1    1    2    2    0    2    0    2
InvitationsByUniversity                                               0    0    0    0    0    0    0    0    0    0    0    0    0    1
ServiceTokenById                                                      0    0    0    0    0    0    0    0    0    0    0    0    0    1
ContentProgressByEnrollment                                           0    0    0    0    0    1    1    1    2    2    0    2    0    2
CourseProgressByEnrollment                                            0    0    0    0    0    1    1    1    2    3    0    3    0    3
ModuleProgressByEnrollment                                            0    0    0    0    0    2    2    2    4    4    0    4    0    4
ResumePointByEnrollment                                               6    6    6    6    6    6    6    8    8    8    6    8    6    9
StepsByEnrollment                                                     0    0    0    0    0    1    1    1    2    3    0    3    0    3
ViewerContentProgress                                                 0    0    0    0    0    1    1    0    0    0    0    0    0    0
ViewerModuleProgress                                                  0    0    0    0    0    2    2    0    0    0    0    0    0    0
ReviewById                                                            1    1    1    1    1    1    1    1    1    1    1    1    1    1
ReviewSummaryByCourse                                                 1    1    1    1    1    1    1    1    1    1    1    1    1    1
ReviewSummaryByOffering                                               1    1    1    1    1    1    1    1    1    1    1    1    1    1
ReviewsByCourse                                                       1    1    1    1    1    1    1    1    1    1    1    1    1    1
ReviewsByOffering                                                     1    1    1    1    1    1    1    1    1    1    1    1    1    1
ModuleById                                                            3    3    3    3    3    3    3    5    5    5    4    5    4    7
OutlineByCourse                                                       3    3    3    3    3    3    3    5    5    5    4    5    4    7
SyllabusByCourse                                                      3    3    3    3    3    3    3    5    5    5    4    5    4    7
TemplateById                                                          0    0    0    0    0    0    0    1    1    1    1    1    1    1
Templates                                                             0    0    0    0    0    0    0    1    1    1    1    1    1    1
DraftByTemplate                                                       0    0    0    0    0    0    0    0    0    0    0    1    1    1
DriftByModule                                                         0    0    0    0    0    0    0    1    1    1    0    1    0    1
InstancesByTemplate                                                   0    0    0    0    0    0    0    1    1    1    0    1    0    1
LatestByTemplate                                                      0    0    0    0    0    0    0    1    1    1    1    1    1    1
TreeByVersion                                                         0    0    0    0    0    0    0    1    1    1    1    1    1    1
VersionById                                                           0    0    0    0    0    0    0    1    1    1    1    1    1    1
VersionMetByModule                                                    0    0    0    0    0    0    0    1    1    1    0    1    0    1
VersionsByTemplate                                                    0    0    0    0    0    0    0    1    1    1    1    1    1    1
AdministratorsByDepartment                                            0    0    0    0    0    0    0    0    0    0    0    1    1    2
CountryById                                                           1    1    1    1    1    1    1    1    1    1    1    1    1    1
DepartmentById                                                        2    2    2    2    2    2    2    2    2    2    2    2    2    2
DepartmentsByUniversity                                               2    2    2    2    2    2    2    2    2    2    2    2    2    2
MembersByUniversity                                                   0    0    0    0    5    5    5    5    6    7    4    8    5   11
MembershipsOfViewer                                                   0    0    0    1    1    2    1    1    1    1    1    1    1    1
RolesByUser                                                           0    0    0    0    1    1    1    2    3    4    1    5    2   13
Universities                                                          2    2    2    2    2    2    2    2    2    2    2    2    2    2
UniversityById                                                        2    2    2    2    2    2    2    2    2    2    2    2    2    2
UniversityByShortCode                                                 2    2    2    2    2    2    2    2    2    2    2    2    2    2
UserById                                                              0    0    0    0    5    5    5    5    6    7    4    8    5   11
BreakdownByEnrollment                                                 0    0    0    0    0    1    1    1    2    3    0    3    0    3
ChangesByEnrollment                                                   0    0    0    0    0    1    0    1    1    1    0    1    0    1
OwnBasisByOffering                                                    0    0    0    0    0    1    1    0    0    0    0    0    0    1
JobById                                                               0    0    0    0    0    0    0    0    0    1    0    0    0    1
Jobs                                                                  0    0    0    0    0    0    0    0    0    1    0    0    0    1
ErrorsByImport                                                        0    0    0    0    0    0    0    0    0    0    0    0    0    1
RosterImportById                                                      0    0    0    0    0    0    0    0    0    0    0    0    0    1
RosterImports                                                         0    0    0    0    0    0    0    0    0    0    0    0    0    1
"""  # noqa: E501 - one table


def table(text):
    """The rows of a table by what stands before the cells, each cell by its person."""
    head, *lines = [line for line in text.splitlines() if line.strip()]
    names = head.split()
    assert names == list(PEOPLE)
    rows = [line.rsplit(maxsplit=len(names)) for line in lines]
    return {row: dict(zip(names, cells, strict=True)) for row, *cells in rows}


def printed(found, head="", width=66):
    """A table as it stands above, from cells by row and person: what to compare, or to put there after a review."""
    lines = [f"{head:<{width}}" + "".join(f"{name:>5}" for name in PEOPLE)]
    lines += [f"{row:<{width}}" + "".join(f"{cells[name]:>5}" for name in PEOPLE) for row, cells in found.items()]
    return "\n".join(lines)


def global_id(world, type_, name):
    """The id of a row of the world."""
    alpha = world.alpha
    reference = {
        "country": alpha.university["country_id"],
        "subject": alpha["course"]["primary_subject_id"],
        "domain": 1,
    }
    reference |= {"university": alpha.university["id"], "beta": world.beta.university["id"]}
    if type_ == "User":
        return str(GlobalId("User", world.people[name], alpha.university["id"]))
    if name in reference:
        return str(GlobalId(type_, reference[name]))
    tenant = alpha[name]["university_id"] if SCHEMA.nodes[type_].row.tenant else None
    return str(GlobalId(type_, alpha[name]["id"], tenant))


_FIELD = re.compile(r"\.(\w+)(\([^)]*\))?")


def selection(type_name, path):
    """The selection that a path asks for, and the names on it."""
    type_, opened, names = SCHEMA.graphql.type_map[type_name], "", []
    for name, arguments in _FIELD.findall(path):
        field = type_.fields[name]
        opened += f" {{ {name}{arguments or '(first: 50)' * ('first' in field.args)}"
        names.append(name)
        type_ = get_named_type(field.type)
    leaf = " { __typename }" if is_composite_type(type_) else ""
    return opened + leaf + " }" * len(names) if names else " { __typename }", names


def asked(world, row, alias):
    """The field of Query that a row of a table asks for, and the names on the way to its value."""
    subject, _, rest = row.partition(" ")
    if subject in {"Query", "Viewer"}:
        inside, names = selection(subject, f".{rest}")
        viewer = f"{alias}: viewer {inside}"
        return (viewer, [alias, *names]) if subject == "Viewer" else (f"{alias}: {inside[3:-2]}", [alias, *names[1:]])
    name, path = re.fullmatch(r"(\w+)(.*)", rest).groups()
    inside, names = selection(subject, path)
    return f'{alias}: node(id: "{global_id(world, subject, name)}") {{ ... on {subject} {inside} }}', [alias, *names]


def cell(data, names):
    """What a table shows of an answer."""
    values, is_list = [data], False
    for name in names:
        values = [value[name] for value in values if value is not None]
        is_list = is_list or any(isinstance(value, list) for value in values)
        values = [one for value in values for one in (value if isinstance(value, list) else [value])]
    values = [value for value in values if value is not None]
    if is_list:
        return str(len(values))
    if not values or values[0] is False:
        return "-"
    return str(values[0]) if type(values[0]) is int else "+"


async def answered(api, world, rows):
    """The cells of a table, as the API fills them."""
    found = {row: {} for row in rows}
    for name, person in PEOPLE.items():
        user = world.people[person] if person else None
        for first in range(0, len(rows), 15):
            fields = {row: asked(world, row, f"a{number}") for number, row in enumerate(rows[first : first + 15])}
            data = await api.data("{ " + " ".join(field for field, _ in fields.values()) + " }", user=user)
            for row, (_, names) in fields.items():
                found[row][name] = cell(data, names)
    return found


def act(row):
    """The row of `SEEN` that a row of `MAY` stands for."""
    subject, _, name = row.rpartition(" ")
    return f"Viewer can(act: {name})" if subject == "Viewer" else f"{subject}.viewerCan(act: {name})"


async def test_who_sees_what(api, world):
    expected = table(SEEN)
    found = await answered(api, world, list(expected))
    assert found == expected, printed(found)


async def test_who_may_do_what(api, world):
    expected = table(MAY)
    answers = await answered(api, world, [act(row) for row in expected])
    found = {row: answers[act(row)] for row in expected}
    assert found == expected, printed(found)


async def test_what_each_loader_gives(app_engine, world):
    """With both walls, as the server runs it. Disclosures grow with what tests read: see privacy/test_disclosures."""
    test_walls.OFFERING[0] = world.alpha["private"]["id"]
    counted = [loader for loader in LOADERS if loader is not DisclosuresByUser]
    found = {loader.__name__: {} for loader in counted}
    for name, person in PEOPLE.items():
        async with Snapshot(app_engine) as snapshot:
            viewer = await Identities().identify(snapshot, Principal(world.people.get(person)), "ALPHA")
            for loader in counted:
                rows = await rows_of(loader, Context(viewer, snapshot, Cursors(b"x")))
                pages = issubclass(loader, Page)
                found[loader.__name__][name] = str(len({repr(tuple(row)[1:]) for row in rows}) if pages else len(rows))
    assert found == table(LOADED), printed(found)


ADDRESSES = {
    **dict.fromkeys(("anon", "outs", "plat", "beta"), set()),
    "byst": {"bystander"},
    "stud": {"student"},
    "othr": {"other"},
    "sect": {"section_ta", "student"},
    "ta": {"ta", "student", "other"},
    "inst": {"instructor", "student", "other", "admin"},
    "f_in": {"far_instructor"},
    "dep": {"department_admin", "student", "other", "admin"},
    "f_de": {"far_admin"},
    "adm": set(ALPHA_PEOPLE),
}
"""Whose addresses reach the server's memory when somebody asks for all that there is."""


@pytest.mark.parametrize("column", PEOPLE)
async def test_what_never_leaves_the_database(app_engine, world, column):
    """In the rows of all loaders, with all their columns: no word that is a secret, and no address but these."""
    test_walls.OFFERING[0] = world.alpha["private"]["id"]
    said = ""
    async with Snapshot(app_engine) as snapshot:
        user = world.people[PEOPLE[column]] if PEOPLE[column] else None
        viewer = await Identities().identify(snapshot, Principal(user), "ALPHA")
        for loader in LOADERS:
            rows = await rows_of(loader, Context(viewer, snapshot, Cursors(b"x")))
            said += " ".join(repr(tuple(row)) for row in rows)
    reaches = column in {"sect", "ta", "inst", "dep", "adm"}
    assert ("SECRET" in said) == reaches
    assert set(re.findall(r"(\w+)@ALPHA\.example", said)) == ADDRESSES[column]


def test_every_type_has_a_row():
    rows = {row.partition(" ")[0] for row in table(SEEN)}
    assert set(SCHEMA.nodes) - rows == set(), "give these types a row in SEEN"


@pytest.mark.parametrize(
    ("subject", "acts", "enum"),
    [
        ("Course", COURSE_ACTS, "CourseAct"),
        ("CourseOffering", OFFERING_ACTS, "OfferingAct"),
        ("DiscussionThread", THREAD_ACTS, "ThreadAct"),
        ("Viewer", UNIVERSITY_ACTS, "UniversityAct"),
    ],
)
def test_every_act_has_a_row(subject, acts, enum):
    labels = {value.value.value if hasattr(value.value, "value") else value.value for value in
              SCHEMA.graphql.type_map[enum].values.values()}  # fmt: skip
    assert labels == set(acts), "the enum and the policy name other acts"
    shown = {row.rpartition(" ")[2] for row in table(MAY) if row.startswith(f"{subject} ")}
    assert set(SCHEMA.graphql.type_map[enum].values) - shown == set(), "give these acts a row in MAY"


def used_names():
    """All names that the package's modules read, by file."""
    found = {}
    for path in Path(inspect.getfile(lms_graphql)).parent.rglob("*.py"):
        tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        found[path] = [node.attr if isinstance(node, ast.Attribute) else node.id for node in tree
                       if isinstance(node, ast.Attribute | ast.Name)]  # fmt: skip
    return found


def test_every_policy_is_used():
    """A predicate by a statement, a right by a field or by the acts that its own module lists."""
    names = used_names()
    for path in names:
        if path.name not in {"policy.py", "reach.py"}:
            continue
        for function in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(function, ast.FunctionDef) or function.name.startswith("_"):
                continue
            inside = path.name == "reach.py" or function.name.startswith("may_")
            users = [other for other, used in names.items() if function.name in used and (inside or other != path)]
            assert users, f"nothing uses {function.name} of {path}"
