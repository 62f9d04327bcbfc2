"""Example documents: the tabs of the workbench, each run by a test against the demo as every kind of viewer."""

from typing import NamedTuple


class Example(NamedTuple):
    """A document with its variables as JSON text; `$COURSE` stands for the id of a demo course."""

    title: str
    query: str
    variables: str = "{}"


SYLLABUS = """\
query Syllabus($id: ID!) {
  course(id: $id) {
    id title code level description
    modules {
      id title moduleType sequenceIndex
      children {
        id title description moduleType sequenceIndex
        contentItems { ...Item }
        children {
          id title description moduleType sequenceIndex
          contentItems { ...Item }
        }
      }
    }
  }
}

fragment Item on Content {
  __typename
  ... on ContentItem { id title sequenceIndex estimatedDurationSeconds }
  ... on VideoContent { provider videoId url durationSeconds thumbnailUrl }
  ... on QuizContent {
    quizMode numQuestionsPerAttempt timeLimitSeconds
    mastery { points thresholdCorrectInRow maxAttempts }
  }
  ... on TextContent {
    layout
    blocks {
      __typename
      ... on HeadingBlock { level text }
      ... on ParagraphBlock { text }
      ... on MathBlock { latex }
      ... on ImageBlock { caption altText asset { url } }
      ... on LinkListBlock { links { label url } }
    }
  }
  ... on EngineeringLabContent { labType runtime entrypoint files { path role } grading { type maxPoints } }
  ... on AssignmentContent { instructions submissionTypes maxPoints }
  ... on ResourceContent { resources { label url kind } }
}
"""

CATALOG = """\
query Catalog($first: Int!, $after: String) {
  courses(first: $first, after: $after) {
    pageInfo { hasNextPage endCursor }
    edges {
      node {
        id code title level languageCode creditHours
        department { code name }
        primarySubject { code name domain { name } }
        subjects { code name }
        offerings(first: 5) {
          edges { node { id termName startsAt endsAt visibility } }
        }
      }
    }
  }
}
"""

LEARNING = """\
query MyLearning {
  viewer {
    user { displayName email }
    roles
    enrollments(first: 20) {
      edges {
        node {
          status enrolledAt completedAt
          offering { termName course { code title } }
          moduleProgress { progressPercent completedAt module { title moduleType } }
          contentProgress(first: 20) {
            edges { node { progressPercent attemptsCount contentItem { __typename ... on ContentItem { title } } } }
          }
          grade { finalScore letterGrade passed }
        }
      }
    }
  }
}
"""

GRADEBOOK = """\
query Gradebook {
  offerings(first: 10) {
    edges {
      node {
        id termName
        course { code title }
        enrollments(first: 50) {
          edges {
            node {
              status
              user { displayName studentNumber }
              grade { finalScore letterGrade passed gradedAt }
            }
          }
        }
      }
    }
  }
}
"""

TRANSCRIPTS = """\
query Transcripts($id: ID!) {
  course(id: $id) {
    title
    modules {
      children {
        title
        contentItems {
          ... on VideoContent {
            title durationSeconds
            transcript { language segments(fromSeconds: 0, toSeconds: 60) { startSeconds text } }
          }
        }
      }
    }
  }
}
"""

WHO = """\
query Who {
  viewer {
    roles
    memberships { displayName roles university { name shortCode } }
  }
  universities(first: 20) {
    edges { node { id name shortCode timeZone country { name } } }
  }
}
"""

EXAMPLES = [
    Example("Syllabus", SYLLABUS, '{\n  "id": "$COURSE"\n}'),
    Example("Catalog", CATALOG, '{\n  "first": 20\n}'),
    Example("MyLearning", LEARNING),
    Example("Gradebook", GRADEBOOK),
    Example("Transcripts", TRANSCRIPTS, '{\n  "id": "$COURSE"\n}'),
    Example("Who", WHO),
]
