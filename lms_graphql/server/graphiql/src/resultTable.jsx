import { useGraphiQL } from '@graphiql/react';
import { useMemo } from 'react';
import { longestList, toCsv, toTable } from './table.js';

const SHOWN = 500; // more rows make the page slow; the CSV has them all

function download(text) {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  Object.assign(document.createElement('a'), { href: url, download: 'result.csv' }).click();
  URL.revokeObjectURL(url);
}

function ResultTable() {
  const response = useGraphiQL((state) => state.tabs[state.activeTabIndex].response);
  const { path, rows } = useMemo(() => longestList(response), [response]);
  const { columns, cells } = useMemo(() => toTable(rows), [rows]);
  return (
    <section className="workbench-table" aria-label="Result table">
      <div className="graphiql-doc-explorer-title">Result table</div>
      {rows.length === 0 ? <p>The last answer has no list of objects. Run a query first.</p> : (
        <>
          <p>
            <code>{path}</code>: {rows.length} {rows.length === 1 ? 'row' : 'rows'}
            {rows.length > SHOWN && `, the first ${SHOWN} shown`}{' '}
            <button type="button" className="graphiql-button" onClick={() => download(toCsv(columns, cells))}>Download CSV</button>
          </p>
          <div className="workbench-table-scroll">
            <table>
              <thead><tr>{columns.map((name) => <th key={name}>{name}</th>)}</tr></thead>
              <tbody>
                {cells.slice(0, SHOWN).map((row, index) => (
                  <tr key={index}>{row.map((value, column) => <td key={column}>{String(value ?? '')}</td>)}</tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </section>
  );
}

const Icon = (props) => (
  <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" {...props}><path d="M1 2.5h14v11H1zM1 6h14M1 9.8h14M6 2.5v11" /></svg>
);

export const resultTablePlugin = { title: 'Result table', icon: Icon, content: ResultTable };
