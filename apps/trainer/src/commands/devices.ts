import { Command } from 'commander';

export const devicesCommand = new Command('devices')
  .description('list the devices that can train')
  .option('--json', 'print one JSON array', false)
  .action(async ({ json }: { json: boolean }) => {
    const { listDevices } = await import('@chorus/orchestration');
    const devices = await listDevices();
    console.log(json ? JSON.stringify(devices) : devices.map(({ name, kind }) => `${name}  ${kind}`).join('\n'));
    if (!json && devices.every(({ kind }) => kind === 'CPU'))
      console.log('No GPU. To split the CPU into logical devices: --workers cpu:1,cpu:2,cpu:3');
  });
