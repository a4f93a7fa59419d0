export { type WriteReportOptions, writeRunReport } from './write-report.ts';
