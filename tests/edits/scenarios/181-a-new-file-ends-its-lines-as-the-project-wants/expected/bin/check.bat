@echo off
make check
