import { createGeminiEngine } from '../../../src/engine/gemini'
import { conform } from './conformance'

conform('the Gemini engine', createGeminiEngine)
