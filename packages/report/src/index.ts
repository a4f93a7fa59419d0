export { type RunReportFiles, type RunReportOptions, writeComparison, writeRunReport } from './write-report.ts';
