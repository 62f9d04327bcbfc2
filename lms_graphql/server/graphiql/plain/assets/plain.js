// The page without a build: no package is imported, and the Content-Security-Policy is the full page's.
const element = (id) => document.getElementById(id);
const show = (text) => (element('answer').textContent = text);

/** Fills a select with `names`; `apply` gets the index chosen, once at the start too. Hidden when there is no choice. */
function offer(select, names, apply) {
  select.replaceChildren(...names.map((name, index) => new Option(name, index)));
  select.addEventListener('change', () => apply(select.selectedIndex));
  select.parentElement.hidden = names.length === 0;
  if (names.length > 0) apply(0);
}

function parseJson(id) {
  try {
    return JSON.parse(element(id).value.trim() || '{}');
  } catch (error) {
    throw new Error(`The ${id} are not JSON: ${error.message}`);
  }
}

async function run(endpoint) {
  const headers = new Headers({ 'Content-Type': 'application/json', Accept: 'application/graphql-response+json, application/json;q=0.9' });
  for (const [name, value] of Object.entries(parseJson('headers'))) headers.set(name, value);
  const body = JSON.stringify({ query: element('query').value, variables: parseJson('variables') });
  const response = await fetch(endpoint, { method: 'POST', headers, body });
  const text = await response.text();
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return `${response.status} ${response.statusText}\n${text}`;
  }
}

async function start() {
  const response = await fetch('workbench.json');
  if (!response.ok) throw new Error(`workbench.json: ${response.status} ${response.statusText}`);
  const { endpoint, identities, tabs, notice } = await response.json();
  element('notice').hidden = !notice;
  element('notice').textContent = notice ?? '';
  offer(element('example'), tabs.map((tab) => tab.title), (index) => {
    element('query').value = tabs[index].query;
    element('variables').value = tabs[index].variables;
  });
  offer(element('identity'), identities.map((identity) => identity.label), (index) => {
    element('headers').value = JSON.stringify(identities[index].headers, null, 2);
  });
  element('form').addEventListener('submit', (event) => {
    event.preventDefault();
    show('…');
    run(endpoint).then(show, (error) => show(error.message));
  });
}

start().catch((error) => show(`The workbench cannot start. ${error.message}`));
