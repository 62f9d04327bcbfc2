"""A course with every type of problem that the OLX documentation has; the words are ours."""

from pathlib import Path

from tests.interop.olx_packages import course_files, tar_of

PROGRAM = """<script type="loncapa/python">
def grade(expect, given):
    return given == "selvage"
</script>"""

ASKED = {
    "single": """<problem display_name="Edges" max_attempts="2" weight="3" showanswer="never">
      <p>Look at <img src="/static/edge.png" alt="a cloth"/> and at \\(a &lt; b\\).</p>
      <multiplechoiceresponse>
        <label>What is the woven edge called?</label>
        <description>One answer is right.</description>
        <choicegroup type="MultipleChoice" shuffle="true">
          <choice correct="true" name="x">A <b>selvage</b> <choicehint>Woven, so it does not fray.</choicehint>
      </choice>
          <choice correct="false">A hem<choicehint label="Almost">It is sewn.</choicehint></choice>
          <choice correct="false"><img src="/static/fringe.png" alt="a fringe"/></choice>
        </choicegroup>
        <solution><div class="detailed-solution"><p>Explanation</p><p>See \\[w = n d\\]</p></div></solution>
      </multiplechoiceresponse>
      <demandhint><hint>It holds <i>itself</i>.</hint><hint>It begins with s.</hint></demandhint>
    </problem>""",
    "legacy_single": """<problem>
      <p>Which thread is held by the loom?</p>
      <multiplechoiceresponse direction="vertical" targeted-feedback="">
        <choicegroup label="Which thread is held by the loom?" type="MultipleChoice">
          <choice location="random" correct="false" name="a" explanation-id="w"><text>Weft</text></choice>
          <choice location="random" correct="true" name="b" explanation-id="r"><text>Warp</text></choice>
        </choicegroup>
      </multiplechoiceresponse>
      <targetedfeedbackset>
        <targetedfeedback explanation-id="w"><div><p>Targeted Feedback</p><p>That one travels.</p></div>
      </targetedfeedback>
      </targetedfeedbackset>
      <solution explanation-id="r"><p>The warp is held.</p></solution>
    </problem>""",
    "checkbox": """<problem markup="x" markdown="[x] Linen">
      <choiceresponse partial_credit="EDC">
        <label>Which are from plants?</label>
        <checkboxgroup>
          <choice correct="true">Linen<choicehint selected="true">Flax.</choicehint>
            <choicehint selected="false">Flax is a plant.</choicehint></choice>
          <choice correct="false">Wool</choice>
          <choice correct="true">Cotton</choice>
          <compoundhint value="A B">Wool is from sheep.</compoundhint>
        </checkboxgroup>
      </choiceresponse>
    </problem>""",
    "dropdown": """<problem>
      <optionresponse>
        <label>How many shafts has a plain weave?</label>
        <optioninput options="('one','it\\'s two',&quot;three, or more&quot;)" correct="it's two"/>
      </optionresponse>
    </problem>""",
    "dropdown_options": """<problem rerandomize="per_student">
      <optionresponse>
        <p>Twill runs</p>
        <optioninput label="How twill runs">
          <option correct="False">straight<optionhint label="Wrong">Look again.</optionhint></option>
          <option correct="True">slanting</option>
        </optioninput>
      </optionresponse>
    </problem>""",
    "table": """<problem>
      <table><tr><th>Cloth</th><th>From</th></tr>
        <tr><td>Linen</td><td><optionresponse><optioninput options="('flax','sheep')" correct="flax"/>
      </optionresponse></td></tr>
        <tr><td>Tweed</td><td><optionresponse><optioninput options="('flax','sheep')" correct="sheep"/>
      </optionresponse></td></tr>
      </table>
    </problem>""",
    "number": """<problem>
      <numericalresponse answer="9.3*10^3">
        <label>How many knots?</label>
        <responseparam type="tolerance" default="5%"/>
        <formulaequationinput/>
        <correcthint label="Well counted">Nine thousand and some.</correcthint>
      </numericalresponse>
    </problem>""",
    "absolute": """<problem><p>How wide, in metres?</p>
      <numericalresponse answer="1.5"><responseparam type="tolerance" default=".01"/><textline math="1"/>
      </numericalresponse>
    </problem>""",
    "range": """<problem><p>About how warm should the dye be?</p>
      <numericalresponse answer="[60,80.5)"><formulaequationinput/></numericalresponse>
    </problem>""",
    "several_numbers": """<problem><p>A root of \\(x^2 = 9\\)?</p>
      <numericalresponse answer="3"><additional_answer answer="-3"/><formulaequationinput/></numericalresponse>
    </problem>""",
    "formula_as_number": """<problem><p>A third?</p>
      <numericalresponse answer="1/3"><formulaequationinput/></numericalresponse>
    </problem>""",
    "text": """<problem><p>The tool that carries the weft is a
      <stringresponse answer="shuttle" type="ci">
        <additional_answer answer="boat shuttle"/><additional_answer>stick shuttle</additional_answer>
        <textline size="20" trailing_text="of wood"/>
        <correcthint>Yes.</correcthint>
        <stringequalhint answer="bobbin">The bobbin sits in it.</stringequalhint>
      </stringresponse></p>
    </problem>""",
    "pattern": """<problem>
      <stringresponse answer="re+ds?" type="regexp">
        <label>What beats the weft?</label><textline/>
        <regexphint answer="comb.*">Not quite.</regexphint>
        <hintgroup><stringhint answer="beam" name="b"/><hintpart on="b">No.</hintpart></hintgroup>
      </stringresponse>
    </problem>""",
    "legacy_text": """<problem><stringresponse answer="Jacquard_or_Falcon"><label>Who?</label><textline/>
      </stringresponse>
    </problem>""",
    "several": """<problem weight="1">
      <p>A cloth has 20 threads in a centimetre.</p>
      <numericalresponse answer="2000"><label>How many in a metre?</label><formulaequationinput/>
        <solution><p>Times 100.</p></solution></numericalresponse>
      <p>It is dyed red.</p>
      <multiplechoiceresponse><label>With what?</label>
        <choicegroup><choice correct="true">Madder</choice><choice correct="false">Woad</choice></choicegroup>
      </multiplechoiceresponse>
      <customresponse cfn="grade"><p>Which edge?</p><textline/></customresponse>
      <demandhint><hint>Take your time.</hint></demandhint>
    </problem>""",
    "beside_a_program": f"""<problem>{PROGRAM}<style>p {{}}</style>
      <stringresponse answer="plain" type="cs"><label>Which weave is simplest?</label><textline/></stringresponse>
    </problem>""",
}
"""Problems with questions that have a place here."""

NAMED = {
    "variables": """<problem rerandomize="always"><script type="loncapa/python">n = random.randint(1, 9)</script>
      <p>Twice $n?</p><numericalresponse answer="$n*2"><formulaequationinput/></numericalresponse></problem>""",
    "two_right": """<problem><multiplechoiceresponse><label>Any dye?</label><choicegroup answer-pool="2">
      <choice correct="true">Madder</choice><choice correct="true">Woad</choice><choice correct="false">Ash</choice>
      </choicegroup></multiplechoiceresponse></problem>""",
    "broken_pattern": """<problem><stringresponse answer="(" type="regexp"><textline/></stringresponse>
      </problem>""",
    "no_options": """<problem><optionresponse><optioninput options="('a','b'" correct="c"/></optionresponse>
      </problem>""",
    "nothing": """<problem><p>Only words.</p></problem>""",
    "adaptive_hint": f"""<problem><text>{PROGRAM}<p>Edge?</p><p><customresponse cfn="grade" expect="selvage">
      <textline correct_answer="selvage"/><hintgroup hintfn="hint"/></customresponse></p></text></problem>""",
    "annotation": """<problem><annotationresponse><annotationinput><title>T</title><text>Warp and weft</text>
      <options><option choice="correct">yes</option></options></annotationinput></annotationresponse></problem>""",
    "chemical": """<problem><customresponse><chemicalequationinput size="50"/>
      <answer type="loncapa/python">correct = ["correct"]</answer></customresponse></problem>""",
    "choice_and_number": """<problem><choicetextresponse><radiotextgroup><choice correct="true">Over
      <numtolerance_input answer="2"/> under 1</choice></radiotextgroup></choicetextresponse></problem>""",
    "circuit": """<problem><schematicresponse><schematic height="500" parts="g,n,s"/>
      <answer type="loncapa/python">correct = ["correct"]</answer></schematicresponse></problem>""",
    "custom_javascript": f"""<problem>{PROGRAM}<customresponse cfn="grade">
      <jsinput html_file="/static/loom.html"/></customresponse></problem>""",
    "custom_python": f"""<problem>{PROGRAM}<p>Edge?</p><customresponse cfn="grade"><textline/></customresponse>
      </problem>""",
    "drag_and_drop": """<problem><customresponse><drag_and_drop_input img="/static/loom.png"/></customresponse>
      </problem>""",
    "external": """<problem><coderesponse queuename="looms"><textbox/></coderesponse></problem>""",
    "gene": """<problem><customresponse><editageneinput genex_dna_sequence="TAAC"/></customresponse></problem>""",
    "image": """<problem><imageresponse><imageinput src="/static/loom.png" rectangle="(1,1)-(2,2)"/>
      </imageresponse></problem>""",
    "latex": """<problem source_code="\\begin{edXproblem}"><symbolicresponse expect="a"><textline math="1"/>
      </symbolicresponse></problem>""",
    "math_expression": """<problem><formularesponse type="cs" samples="x@1:2#10" answer="x^2">
      <responseparam type="tolerance" default="1%"/><formulaequationinput/></formularesponse></problem>""",
    "molecule": """<problem><customresponse><editamoleculeinput file="/static/m.mol"/></customresponse>
      </problem>""",
    "old_javascript": """<problem><javascriptresponse grader_state="x"><responseparam name="x"/>
      </javascriptresponse></problem>""",
    "old_program": """<problem><externalresponse url="x"><textbox/></externalresponse></problem>""",
    "protein": """<problem><customresponse><designprotein2dinput target_shape="W;W"/></customresponse></problem>""",
    "true_or_false": """<problem><truefalseresponse><choicegroup><choice correct="true">So</choice></choicegroup>
      </truefalseresponse></problem>""",
}
"""Problems that the report names; they become quizzes without questions."""

BLOCKS = "".join(
    f'<{tag} url_name="{tag}" display_name="{tag}"/>'
    for tag in ("poll_question", "survey", "word_cloud", "drag-and-drop-v2")
)
"""What asks something and is no problem."""


def every_problem() -> dict[str, bytes]:
    """The files of the course."""
    problems = ASKED | NAMED
    pointers = "".join(f'<problem url_name="{name}"/>' for name in problems)
    return course_files(pointers + BLOCKS, **{f"problem__{name}_xml": text for name, text in problems.items()})


def package(folder: Path) -> Path:
    """The course as it is exported."""
    return tar_of(folder / "course.tar.gz", [(f"course/{path}", data) for path, data in every_problem().items()])
