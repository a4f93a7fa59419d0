import { displayName } from '@chorus/data/display-name';
import { count } from '@chorus/report/format';
import {
  type ExportedFiles,
  type ExportFormat,
  type ExportRequest,
  exportFormats,
  type RunDetails,
} from '@chorus/studio-api/protocol';
import { useState } from 'preact/hooks';
import { studioApi } from '../server/studio-api.ts';
import { Problem } from '../ui/problem.tsx';
import { useAction } from '../ui/use-action.ts';
import { fileSize } from '../words.ts';

const formats: Record<ExportFormat, { title: string; purpose: string }> = {
  keras: { title: 'Keras', purpose: 'For Python: the members with a file that builds the ensemble in Keras.' },
  tfjs: { title: 'TensorFlow.js', purpose: 'For a page or program that already uses TensorFlow.js.' },
  onnx: {
    title: 'ONNX',
    purpose: 'For onnxruntime and other runtimes, in most languages: one graph from pixels to probabilities.',
  },
  'bundle-float16': {
    title: 'Bundle, half precision',
    purpose: 'For the predictor of Chorus and the page that classifies: half the size, nearly the same answers.',
  },
  'bundle-int8': {
    title: 'Bundle, 8 bits',
    purpose: 'A quarter of the size, for the browser; answers may differ slightly.',
  },
};

/** Writes the models of a run in other formats. */
export function Export({ details: { id, folder, exports } }: { details: RunDetails }) {
  const [student, setStudent] = useState(false);
  return (
    <>
      <p class="lead">
        The run has a bundle, which <code>chorus predict</code>, <code>chorus serve</code> and the predictor of Chorus
        read in node and in the browser:
      </p>
      <p>
        <code class="path">{displayName(folder)}/bundle</code>
      </p>
      {exports.student !== null && (
        <form class="toolbar" onSubmit={(event) => event.preventDefault()}>
          <label>
            Export{' '}
            <select
              value={student ? 'student' : 'ensemble'}
              onChange={({ currentTarget }) => setStudent(currentTarget.value === 'student')}
            >
              <option value="ensemble">the ensemble</option>
              <option value="student">the student alone</option>
            </select>
          </label>
          {student && 'A single network, which has learned from the ensemble.'}
        </form>
      )}
      {/* Hidden, not removed: the cards say what they have written. */}
      <div hidden={student}>
        <Formats run={id} student={false} existing={exports.ensemble} />
      </div>
      {exports.student !== null && (
        <div hidden={!student}>
          <Formats run={id} student existing={exports.student} />
        </div>
      )}
    </>
  );
}

// --- internal ---

function Formats({ run, student, existing }: { run: string; student: boolean; existing: readonly ExportFormat[] }) {
  return (
    <ul class="tiles">
      {exportFormats.map((format) => (
        <li key={format} class="panel">
          <ExportCard run={run} request={{ format, student }} existed={existing.includes(format)} />
        </li>
      ))}
    </ul>
  );
}

function ExportCard({ run, request, existed }: { run: string; request: ExportRequest; existed: boolean }) {
  const { isRunning, problem, start } = useAction();
  const [files, setFiles] = useState<ExportedFiles>();
  const { title, purpose } = formats[request.format];
  return (
    <>
      <h2>{title}</h2>
      <p>{purpose}</p>
      <div class="actions">
        <button
          type="button"
          disabled={isRunning}
          onClick={() => start(async () => setFiles(await studioApi.exportRun(run, request)))}
        >
          {isRunning ? 'Exporting …' : existed || files !== undefined ? 'Export again' : 'Export'}
          <span class="visually-hidden"> as {title}</span>
        </button>
        {existed && files === undefined && <span class="badge done">exported before</span>}
      </div>
      <div role="status">
        {files !== undefined && (
          <>
            <p>
              Wrote {count(files.files.length, 'file')}, {fileSize(files.byteCount)}:
            </p>
            <p class="path">
              <code>{displayName(files.folder)}</code>
            </p>
          </>
        )}
      </div>
      <Problem message={problem} />
    </>
  );
}
