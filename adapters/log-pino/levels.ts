/** The most urgent first; open-log.ts says who must act. */
export const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug'] as const
export type Level = (typeof LEVELS)[number]
