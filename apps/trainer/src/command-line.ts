/** Parses the command line and prints; what it does lives in @chorus/orchestration. */
import { Command, CommanderError } from 'commander';
import { devicesCommand } from './commands/devices.ts';
import { doctorCommand } from './commands/doctor.ts';
import { downloadCommand } from './commands/download.ts';
import { evaluateCommand } from './commands/evaluate.ts';

  .addCommand(exportCommand)
