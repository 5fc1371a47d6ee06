/** ipclab: the machine, its schedulers, the explorer, and traces. The systems' calls have faces of their own: `ipclab/posix` … */
export * from './kernel/index.ts'
export * from './scheduler/index.ts'
